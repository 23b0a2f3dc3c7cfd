package serve

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/serve/token"
)

const (
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
)

// handleSignIn lets people trade a token for a cookie, which a page's scripts
// cannot read and other sites cannot have sent.
func (s *Site) handleSignIn() {
	s.Handle("GET "+signInPath, Public, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.drawSignIn(w, r, "") }))
	s.Handle("POST "+signInPath, Public, http.HandlerFunc(s.signIn))
	s.Handle("POST "+signOutPath, Public, http.HandlerFunc(s.signOut))
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) {
	t, err := s.check(w, of(r), strings.TrimSpace(r.PostFormValue("token")))
	var value string
	if err == nil {
		if value, err = s.sessions.Begin(t); err != nil {
			s.log.Warn("a sign-in will not outlive the daemon", "error", err)
			err = nil
		}
	}
	if err != nil {
		w.Header().Del("WWW-Authenticate")
		s.drawSignIn(w, r, err.Error())
		return
	}
	s.log.Info("signed in", "token", t.Name, "address", of(r).addr)
	s.setCookie(w, r, value, token.SessionLife)
	http.Redirect(w, r, Base(r)+next(r), http.StatusSeeOther)
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.cookie); err == nil {
		if err := s.sessions.End(c.Value); err != nil {
			s.log.Warn("a sign-out will not outlive the daemon", "error", err)
		}
	}
	s.setCookie(w, r, "", -1)
	http.Redirect(w, r, Base(r)+"/", http.StatusSeeOther)
}

func (s *Site) setCookie(w http.ResponseWriter, r *http.Request, value string, life time.Duration) {
	age := int(life.Seconds())
	if life < 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie, Value: value, Path: Base(r) + "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: of(r).https,
	})
}

// next is where who has signed in goes on: a path of the site.
func next(r *http.Request) string {
	to := r.FormValue("next")
	path, _, _ := strings.Cut(to, "?")
	if !clean(path) || strings.ContainsFunc(to, func(c rune) bool { return c <= ' ' || c == '\\' || c == '#' }) {
		return "/"
	}
	return to
}

func (s *Site) drawSignIn(w http.ResponseWriter, r *http.Request, problem string) {
	if s.SignIn != nil {
		s.SignIn(w, r, problem)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if problem != "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
	_ = plainForm.Execute(w, map[string]string{"Action": Base(r) + signInPath, "Next": next(r), "Problem": problem}) // the caller may be gone
}

var plainForm = template.Must(template.New("sign-in").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in – Burnish</title>
<h1>Sign in</h1>
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="{{.Action}}">
<input type="hidden" name="next" value="{{.Next}}">
<label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label>
<button>Sign in</button>
</form>
<p>A token is made by <code>burnish token create NAME --scope read,act</code>.</p>
</html>
`))
