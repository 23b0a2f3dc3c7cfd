package page

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/page/assets"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/plugin"
)

//go:embed templates
var templates embed.FS

var errNotFound = &api.Problem{Status: http.StatusNotFound, Detail: "there is no such page"}

// frame is what the layout is executed with. Data is the view's.
type frame struct {
	View  string // its name
	At    string // the place that it belongs to
	Lang  string
	Theme string // light, dark, or auto
	Path  string // of this page, with its query, to come back to
	Nav   []navigation
	Said  string // key of what an action has done
	Fault *fault // shown in place of the view
	Read  bool   // who looks may read
	Act   bool   // and may act
	Token string // name of the token that who looks has signed in with
	Data  any
}

// navigation is a place that is always one step away.
type navigation struct {
	Name, Path, Icon string
	Here             bool
	Count            int // of what asks for attention there
}

// fault is an error as it is shown.
type fault struct {
	Status       int
	Reason, Hint string
}

var places = []navigation{
	{Name: "now", Path: "/", Icon: "activity"},
	{Name: "photos", Path: "/photos", Icon: "images"},
	{Name: "review", Path: "/review", Icon: "scan-eye"},
	{Name: "failures", Path: "/failures", Icon: "triangle-alert"},
	{Name: "library", Path: "/library", Icon: "layers"},
	{Name: "config", Path: "/config", Icon: "sliders-horizontal"},
}

// themes are the choices of colours.
var themes = []navigation{{Name: "auto", Icon: "sun-moon"}, {Name: "light", Icon: "sun"}, {Name: "dark", Icon: "moon"}}

// within names the place that a view belongs to where it is none itself.
var within = map[string]string{"photo": "photos", "undo": "library", "canary": "library"}

// looks are the templates, compiled for a language and a base path.
type looks struct {
	texts catalogue
	mu    sync.Mutex
	made  map[look]map[string]*template.Template
}

type look struct {
	language language.Tag
	base     string
}

// maxLooks bounds those kept.
const maxLooks = 8

// load compiles the templates once, to find faults in them early.
func (l *looks) load() (err error) {
	if l.texts, err = loadCatalogue(); err != nil {
		return err
	}
	_, err = l.of(look{language: l.texts.tags[0]})
	return err
}

// of are the templates of a look by view.
func (l *looks) of(k look) (map[string]*template.Template, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if made := l.made[k]; made != nil {
		return made, nil
	}
	made, err := compile(l.texts.in(k.language), k.base)
	if err != nil {
		return nil, err
	}
	if len(l.made) >= maxLooks || l.made == nil {
		l.made = map[look]map[string]*template.Template{}
	}
	l.made[k] = made
	return made, nil
}

// compile reads every template but the layout and the parts, each with those.
func compile(t texts, base string) (map[string]*template.Template, error) {
	link := func(to string) string { return base + to }
	shared := template.New("layout.html").Funcs(template.FuncMap{
		"link": link,
		"icon": assets.Icon,
		"asset": func(name string) (string, error) {
			at, err := assets.Path(name)
			return link(at), err
		},
	}).Funcs(t.functions()).Funcs(building)
	shared, err := shared.ParseFS(templates, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, err
	}
	all := map[string]*template.Template{}
	names, err := fs.Glob(templates, "templates/*.html")
	for _, name := range names {
		if name == "templates/layout.html" {
			continue
		}
		view, err := shared.Clone()
		if err == nil {
			view, err = view.ParseFS(templates, name)
		}
		if err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(path.Base(name), ".html")] = view
	}
	return all, err
}

// building makes values within templates.
var building = template.FuncMap{
	// dict are the arguments of a part: names and values in turn.
	"dict": func(pairs ...any) (map[string]any, error) {
		m := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			name, ok := pairs[i].(string)
			if !ok {
				return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
			}
			m[name] = pairs[i+1]
		}
		return m, nil
	},
	"list":   func(all ...string) []string { return all },
	"add":    func(a, b int) int { return a + b },
	"themes": func() []navigation { return themes },
}

// render answers with a view. Nothing is sent where its template fails.
func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, view string, data any) {
	p.write(w, r, status, frame{View: view, Data: data, Said: said(r)})
}

// problem answers with an error in the frame of a view.
func (p *Page) problem(w http.ResponseWriter, r *http.Request, view string, err error) {
	f := fault{Status: http.StatusInternalServerError, Reason: err.Error()}
	var answered *api.Problem
	var failure *plugin.Error
	switch {
	case errors.As(err, &answered):
		f.Status, f.Reason, f.Hint = answered.Status, answered.Detail, answered.Hint
	case errors.As(err, &failure):
		f.Status, f.Hint = http.StatusUnprocessableEntity, failure.Hint
		f.Reason = strings.TrimSuffix(f.Reason, "; "+failure.Hint)
	default:
		p.log.Warn("the page could not be made", "path", r.URL.Path, "error", err)
	}
	p.write(w, r, f.Status, frame{View: view, Fault: &f})
}

func (p *Page) write(w http.ResponseWriter, r *http.Request, status int, f frame) {
	k := look{p.looks.texts.choose(r.Header.Get("Accept-Language")), serve.Base(r)}
	f.Lang, f.Theme, f.Path = k.language.String(), themeOf(r), r.URL.RequestURI()
	f.Read, f.Act = serve.May(r, serve.Read), serve.May(r, serve.Act)
	if serve.SignedIn(r) {
		f.Token = serve.Who(r)
	}
	if f.At == "" {
		f.At = cmp.Or(within[f.View], f.View)
	}
	counts := p.counts(r)
	for _, n := range places {
		n.Here, n.Count = n.Name == f.At, counts[n.Name]
		if n.Here && r.Method != http.MethodGet {
			f.Path = n.Path // one does not come back to an action
		}
		f.Nav = append(f.Nav, n)
	}
	made, err := p.looks.of(k)
	var body bytes.Buffer
	if err == nil {
		view, ok := made[f.View]
		if !ok {
			err = fmt.Errorf("no template is named %q", f.View)
		} else {
			err = view.Execute(&body, f)
		}
	}
	if err != nil {
		p.log.Error("the page could not be made", "path", r.URL.Path, "error", err)
		http.Error(w, "the page could not be made: see the log", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the caller may be gone
}

// countsWithin bounds how long a page waits for the counts of its places.
const countsWithin = 300 * time.Millisecond

// counts are how many photos ask for attention, by place. What is not known in
// time is left out, and nobody is told who may not read.
func (p *Page) counts(r *http.Request) map[string]int {
	if !serve.May(r, serve.Read) {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), countsWithin)
	defer cancel()
	counts := map[string]int{}
	if s, err := api.Status.Call(ctx, p.client, api.None{}); err == nil && s.DaemonStatus != nil {
		counts["failures"] = s.Failed
		for _, c := range s.Changes {
			if (changeShown{PipelineChange: c}).Waits() && c.OnChange != plugin.KeepOutputs {
				counts["library"] += c.Photos
			}
		}
	}
	if waiting, err := api.ReviewCounts.Call(ctx, p.client, api.None{}); err == nil {
		for _, n := range waiting {
			counts["review"] += n
		}
	}
	return counts
}

// navigation answers with the places alone, for a page that follows their counts.
func (p *Page) navigation(w http.ResponseWriter, r *http.Request) {
	p.write(w, r, http.StatusOK, frame{View: "navigation", At: r.URL.Query().Get("at")})
}

// said is the key that an action has gone on with.
func said(r *http.Request) string {
	key := r.URL.Query().Get("said")
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return key
}

// signIn asks for a token.
func (p *Page) signIn(w http.ResponseWriter, r *http.Request, problem string) {
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnauthorized
	}
	p.render(w, r, status, "signin", signIn{local(r.FormValue("next")), problem})
}

type signIn struct{ Next, Problem string }

const themeCookie = "burnish_theme"

func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return "auto"
}

// theme keeps the choice of colours in the browser, and goes back.
func (p *Page) theme(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	base := serve.Base(r)
	http.SetCookie(w, &http.Cookie{
		Name: themeCookie, Value: r.PostFormValue("theme"), Path: base + "/", MaxAge: 10 * 365 * 24 * 3600, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, base+local(r.PostFormValue("back")), http.StatusSeeOther)
}

// local is a path of this page that a form says to go back to, without what an
// action had said.
func local(back string) string {
	u, err := url.Parse(back)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return "/"
	}
	query := u.Query()
	maps.DeleteFunc(query, func(key string, _ []string) bool { return key == "said" })
	return (&url.URL{Path: path.Clean(u.Path), RawQuery: query.Encode()}).RequestURI()
}
