// Package page is the web page of a daemon. It is rendered here, reads without
// JavaScript, and loads nothing from elsewhere; where there is JavaScript, it
// follows the daemon by server-sent events. All that it shows and does, it asks
// of an [api.Client], so that it can serve any daemon.
//
// A view is a file here, such as photos.go, and a template of its name. It
// declares its routes, see [Page.view] and [Page.action], and its texts are in
// text/en, in the file of its name. The package knows HTML; who may read or act
// is decided by who mounts the routes.
package page

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/page/assets"
	"github.com/burnish-photo/burnish/cmd/serve"
)

// Options are what a page is made with.
type Options struct {
	Client *api.Client  // of the daemon
	Log    *slog.Logger // nil: discarded
}

// Route is what answers a pattern of [serve.Site.Handle].
type Route struct {
	Pattern string
	Scope   serve.Scope
	Handler http.HandlerFunc
}

// Page is the page of one daemon. It is safe for concurrent use.
type Page struct {
	client *api.Client
	log    *slog.Logger
	looks  looks
	hub    *hub
}

// New makes the page. The caller closes it, or mounts it. It panics where a
// template or a text is broken, which the tests would show.
func New(o Options) *Page {
	p := &Page{client: o.Client, log: o.Log}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if err := p.looks.load(); err != nil {
		panic(err)
	}
	p.hub = newHub(func(ctx context.Context) ([]byte, error) {
		return p.client.Ask(ctx, http.MethodGet, "/v1/status", nil)
	}, time.Second)
	return p
}

// Mount has the site answer with the page until it is closed.
func (p *Page) Mount(s *serve.Site) {
	for _, r := range p.Routes() {
		s.Handle(r.Pattern, r.Scope, r.Handler)
	}
	s.SignIn = p.signIn
	s.OnClose(p.Close)
}

// Close ends all streams of events, which a server's shutdown waits for.
func (p *Page) Close() { p.hub.close() }

// Routes are all that the page answers.
func (p *Page) Routes() []Route {
	all := []Route{
		{"GET " + assets.Prefix, serve.Public, assets.Serve},
		{"GET /events", serve.Read, p.hub.ServeHTTP},
		{"GET /navigation", serve.Read, p.navigation},
		{"POST /theme", serve.Public, p.theme},
	}
	for _, v := range []interface{ routes() []Route }{
		nowView{p}, photosView{p}, photoView{p}, reviewView{p}, failuresView{p}, libraryView{p}, canaryView{p}, configurationView{p},
	} {
		all = append(all, v.routes()...)
	}
	return append(all, p.view("GET /", "missing", func(*http.Request) (any, error) { return nil, errNotFound }))
}

// view answers a GET with the template of that name, executed with what data
// returns. An error is shown in its place, with the status of an [api.Problem].
func (p *Page) view(pattern, name string, data func(*http.Request) (any, error)) Route {
	return Route{pattern, serve.Read, func(w http.ResponseWriter, r *http.Request) {
		d, err := data(r)
		if err != nil {
			p.problem(w, r, name, err)
			return
		}
		p.render(w, r, http.StatusOK, name, d)
	}}
}

// action answers a POST of a form by doing something and then going on to a
// path of the page. The path may end in "?said=KEY", whose text said.KEY is then
// shown. An error is shown in the frame of the view of that name.
func (p *Page) action(pattern, view string, do func(*http.Request) (to string, err error)) Route {
	return Route{pattern, serve.Act, func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			p.problem(w, r, view, &api.Problem{Status: http.StatusBadRequest, Detail: "read the form: " + err.Error()})
			return
		}
		to, err := do(r)
		if err != nil {
			p.problem(w, r, view, err)
			return
		}
		http.Redirect(w, r, serve.Base(r)+to, http.StatusSeeOther)
	}}
}

// maxForm bounds what an action reads, in bytes.
const maxForm = 1 << 20
