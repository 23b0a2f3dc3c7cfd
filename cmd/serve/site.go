// Package serve is the daemon's HTTP server for people and programs: the
// addresses that it listens on, who may do what there, and the limits of every
// request. What is served is handed in:
//
//	site := serve.New(serve.Options{StateDir: dir, Log: log})
//	site.Handle("GET /photos", serve.Read, photos)
//	change, err := site.Prepare(config)
//	change.Commit()
//
// Reading is free to who is on this machine. Everybody else, and whoever wants
// to change something, shows a token. The package knows no photo and no page.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/serve/token"
)

// Scope is what a request may do.
type Scope string

// The scopes. All but Public are those of a token.
const (
	Public Scope = "public" // nothing that tells of photos: assets, the sign-in
	Read   Scope = "read"   // look at photos, status and configuration
	Act    Scope = "act"    // change what the daemon does: retry, approve, reload
	Submit Scope = "submit" // send photos in and fetch their results
)

// Options are what a site is made with.
type Options struct {
	StateDir  string         // holds the tokens and who has signed in
	Log       *slog.Logger   // nil: discarded
	Inherited []net.Listener // handed in by the service manager; served from the first Commit on, whatever the configuration
}

// Config is where a site is reached. Its zero value is nowhere.
type Config struct {
	Listen       []string          // host:port, or the absolute path of a Unix socket
	Places       map[string]string // of entries of Listen in the file, for messages
	BasePath     string            // below which a proxy shows the site, such as /burnish; "" is the root
	Hosts        []string          // names by which the site is asked for, besides this machine's
	Proxies      Proxies           // whose X-Forwarded headers are true
	RequireToken bool              // reading on this machine needs one, too
}

// Proxies are the reverse proxies that are trusted.
type Proxies struct {
	Networks []netip.Prefix
	Unix     bool // whoever connects to a Unix socket
}

func (p Proxies) any() bool { return p.Unix || len(p.Networks) > 0 }

// Site answers requests. Its methods may be called concurrently once all is
// handled.
type Site struct {
	// SignIn draws the form for a token, which is posted to /sign-in with the
	// fields token and next; problem is what was wrong with the last one, or "".
	// Nil: a plain one. It is set before the first request.
	SignIn func(w http.ResponseWriter, r *http.Request, problem string)

	log      *slog.Logger
	mux      *http.ServeMux
	server   *http.Server
	origin   *http.CrossOriginProtection
	tokens   *token.Store
	sessions *token.Sessions
	cookie   string // its name
	guesses  guesses
	config   atomic.Pointer[Config]
	end      context.CancelFunc // of every request's context

	mu        sync.Mutex
	inherited []net.Listener
	listeners map[string]net.Listener // by the entry of Config.Listen
	serving   sync.WaitGroup
}

// New is a site that nobody reaches yet.
func New(o Options) *Site {
	s := &Site{log: o.Log, mux: http.NewServeMux(), origin: http.NewCrossOriginProtection(), listeners: map[string]net.Listener{}, inherited: o.Inherited}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.tokens = token.At(o.StateDir)
	s.sessions = token.OpenSessions(o.StateDir, s.tokens)
	instance, err := token.Instance(o.StateDir)
	if err != nil {
		s.log.Warn("who signs in is signed out by another daemon on this host", "error", err)
	}
	s.cookie = "burnish_" + instance // cookies of all ports of a host are one jar
	s.config.Store(&Config{})
	s.server = newServer(s)
	ctx, end := context.WithCancel(context.Background())
	s.end, s.server.BaseContext = end, func(net.Listener) context.Context { return ctx }
	s.server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.handleSignIn()
	return s
}

// Handle answers what matches the pattern, as [http.ServeMux] has it, with h
// where the request has the scope. Patterns are those below the base path. What
// h does with the scope Act is to be asked for by POST.
func (s *Site) Handle(pattern string, scope Scope, h http.Handler) {
	s.mux.Handle(pattern, s.guard(scope, h))
}

// ServeHTTP answers a request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.logPanic(r)
	secure(w.Header())
	r = hurried(w, r)
	c := s.config.Load()
	v, err := c.visitor(r)
	if err == nil {
		err = s.identify(w, r, v)
	}
	if err == nil {
		err = s.admit(c, r, v)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	inner := below(r, c.BasePath, v)
	if _, pattern := s.mux.Handler(inner); pattern == "" {
		s.unmatched(w, inner)
		return
	}
	s.mux.ServeHTTP(w, inner)
}

// logPanic logs that a handler has panicked, and ends the connection.
func (s *Site) logPanic(r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		s.log.Error("internal error (panic)", "what", r.Method+" "+r.URL.Path, "error", p, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// unmatched answers what nobody handles.
func (s *Site) unmatched(w http.ResponseWriter, r *http.Request) {
	asked := &discarded{header: http.Header{}}
	s.mux.ServeHTTP(asked, r)
	if allow := asked.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		refuse(w, problem(http.StatusMethodNotAllowed, "%s must be asked for by %s, got %s", r.URL.Path, allow, r.Method))
		return
	}
	refuse(w, problem(http.StatusNotFound, "there is no %s", r.URL.Path))
}

// discarded is an answer of which status and header alone count.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header { return d.header }

func (d *discarded) Write(b []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	return len(b), nil
}

func (d *discarded) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}

// OnClose has the closing call f, which ends requests that would not end by
// themselves.
func (s *Site) OnClose(f func()) { s.server.RegisterOnShutdown(f) }

// Close lets nobody in any more and waits for the requests under way, whose
// contexts end, until ctx ends or they take too long.
func (s *Site) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	s.end()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were cut off", "after", closeTimeout)
		err = nil
	}
	err = errors.Join(err, s.server.Close())
	s.serving.Wait()
	return err
}
