package serve

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/serve/token"
)

// Limits of requests but those of the scope Submit, whose handlers set their own.
const maxBody = 1 << 20 // bytes

// bodyTimeout is how long a body may take to come. A test shortens it.
var bodyTimeout = 30 * time.Second

// identify finds the token that a request shows.
func (s *Site) identify(w http.ResponseWriter, r *http.Request, v *visitor) error {
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(kind, "Basic") { // a proxy's own, which it hands on
		v.local, kind = false, ""
	}
	if kind != "" {
		if !strings.EqualFold(kind, "Bearer") {
			return unauthorized(w, "Authorization must be \"Bearer TOKEN\"")
		}
		t, err := s.check(w, v, strings.TrimSpace(secret))
		if err != nil {
			return err
		}
		v.shows(t)
		return nil
	}
	if c, err := r.Cookie(s.cookie); err == nil {
		if t, ok := s.sessions.Find(c.Value); ok {
			v.shows(t)
			v.cookie = true
		}
	}
	return nil
}

// check finds a token, and counts who shows wrong ones.
func (s *Site) check(w http.ResponseWriter, v *visitor, secret string) (token.Token, error) {
	t, ok, err := s.tokens.Find(secret)
	switch {
	case err != nil:
		s.log.Error("the tokens cannot be read: nobody can sign in", "error", err)
		return t, problem(http.StatusInternalServerError, "the tokens cannot be read: see the daemon's log")
	case ok:
		return t, nil
	}
	if wait := s.guesses.wrong(v.addr, time.Now()); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		return t, problem(http.StatusTooManyRequests, "too many wrong tokens: try again in %d seconds", int(wait.Seconds())+1)
	}
	s.log.Warn("a wrong token was shown", "address", v.addr)
	return t, unauthorized(w, "the token is wrong, revoked or has run out: burnish token list")
}

// guard lets requests to h that have the scope.
func (s *Site) guard(scope Scope, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !May(r, scope) {
			s.turnAway(w, r, scope)
			return
		}
		if scope == Submit {
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // without a network there is none
		} else if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		if scope == Act {
			s.log.Info("asked to act", "what", r.Method+" "+r.URL.Path, "token", Who(r), "address", of(r).addr)
		}
		h.ServeHTTP(w, r)
	})
}

// HandleKeyed answers what matches the pattern with h, which judges by [May] whether
// the request has the scope Submit, and says so in its own words. Beside
// Authorization, a token may be shown where key finds it.
func (s *Site) HandleKeyed(pattern string, key func(*http.Request) string, h http.Handler) {
	s.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := of(r)
		if secret := key(r); secret != "" && v.name == "" {
			t, err := s.check(w, v, secret)
			if refused := (*refusal)(nil); errors.As(err, &refused) && refused.Status != http.StatusUnauthorized {
				refuse(w, err)
				return
			}
			if err == nil {
				v.shows(t)
			}
		}
		if May(r, Submit) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // without a network there is none
		} else if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		h.ServeHTTP(w, r)
	}))
}

// HandleProbe answers what matches the pattern with h, and who may not read with
// the status alone.
func (s *Site) HandleProbe(pattern string, h http.Handler) {
	s.Handle(pattern, Public, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if May(r, Read) {
			h.ServeHTTP(w, r)
			return
		}
		whole := &discarded{header: http.Header{}}
		h.ServeHTTP(whole, r)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(whole.status)
		_, _ = io.WriteString(w, http.StatusText(whole.status)+"\n") // the caller may be gone
	}))
}

// turnAway tells who lacks a scope how to get it.
func (s *Site) turnAway(w http.ResponseWriter, r *http.Request, scope Scope) {
	v := of(r)
	if v.name != "" {
		refuse(w, problem(http.StatusForbidden, "the token %s has the scopes %s, this needs %s: burnish token create --scope %s", v.name, strings.Join(v.scopes, ", "), scope, scope))
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, Base(r)+signInPath+"?next="+url.QueryEscape(back(r)), http.StatusSeeOther)
		return
	}
	refuse(w, unauthorized(w, "this needs a token with the scope "+string(scope)+": burnish token create NAME --scope "+string(scope)))
}

// back is where a browser goes on after signing in: to what it has asked for, or
// to the page with the form that it has sent.
func back(r *http.Request) string {
	if r.Method == http.MethodGet {
		return r.URL.RequestURI()
	}
	if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host {
		return strings.TrimPrefix(from.RequestURI(), Base(r))
	}
	return "/"
}

func unauthorized(w http.ResponseWriter, detail string) error {
	w.Header().Set("WWW-Authenticate", `Bearer realm="burnish"`)
	return problem(http.StatusUnauthorized, "%s", detail)
}

// of is who asks.
func of(r *http.Request) *visitor {
	if v, ok := r.Context().Value(visitorKey).(*visitor); ok {
		return v
	}
	return &visitor{}
}

// May reports whether who asks has the scope.
func May(r *http.Request, scope Scope) bool {
	v := of(r)
	return scope == Public || scope == Read && v.local || slices.Contains(v.scopes, string(scope))
}

// Who is the name of the token that the request shows, "" for none.
func Who(r *http.Request) string { return of(r).name }

// Owner is whose the things are that a request makes: the token's, and no other
// one's that has its name later. "" for none.
func Owner(r *http.Request) string {
	v := of(r)
	if v.name == "" {
		return ""
	}
	return v.name + " " + v.id
}

// SignedIn reports whether a cookie names who asks, who may sign out then.
func SignedIn(r *http.Request) bool { return of(r).cookie }

// hurried is r, whose body has to come in time. That holds before anybody has
// judged the request: net/http waits for the body of one that was refused.
func hurried(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	timeouts := http.NewResponseController(w)
	if timeouts.SetReadDeadline(time.Now().Add(bodyTimeout)) != nil {
		return r
	}
	inner := r.WithContext(r.Context())
	inner.Body = &timed{r.Body, timeouts}
	return inner
}
