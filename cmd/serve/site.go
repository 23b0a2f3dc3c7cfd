// Package serve is the daemon's HTTP server for people and programs: the
// addresses that it listens on, who may do what there, and the limits of every
// request. What is served is handed in:
//
//	site := serve.New(serve.Options{Log: log})
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
	"sync"
	"sync/atomic"
	"time"
)

// Scope is what a request may do.
type Scope string

// The scopes.
const (
	Public Scope = "public" // nothing that tells of photos: assets, the sign-in
	Read   Scope = "read"   // look at photos, status and configuration
	Act    Scope = "act"    // change what the daemon does: retry, approve, reload
	Submit Scope = "submit" // send photos in and fetch their results
)

// Options are what a site is made with.
type Options struct {
	Log *slog.Logger // nil: discarded
}

// Config is where a site is reached. Its zero value is nowhere.
type Config struct {
	Listen   []string // host:port, or the absolute path of a Unix socket
	BasePath string   // below which a proxy shows the site, such as /burnish; "" is the root
}

// Limits of every request.
const (
	maxHeader     = 16 << 10         // bytes
	maxConns      = 512              // at a time, on each address
	headerTimeout = 10 * time.Second // to send a header
	idleTimeout   = 2 * time.Minute  // between requests of a connection
)

// Site answers requests. Its methods may be called concurrently once all is
// handled.
type Site struct {
	log    *slog.Logger
	mux    *http.ServeMux
	server *http.Server
	config atomic.Pointer[Config]

	mu        sync.Mutex
	listeners map[string]net.Listener // by the entry of Config.Listen
	closed    bool
	serving   sync.WaitGroup
}

// New is a site that nobody reaches yet.
func New(o Options) *Site {
	s := &Site{log: o.Log, mux: http.NewServeMux(), listeners: map[string]net.Listener{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.config.Store(&Config{})
	s.server = &http.Server{
		Handler: s, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), ConnContext: remember,
	}
	return s
}

// Handle answers what matches the pattern, as [http.ServeMux] has it, with h
// where the request has the scope. Patterns are those below the base path.
func (s *Site) Handle(pattern string, scope Scope, h http.Handler) {
	s.mux.Handle(pattern, s.guard(scope, h))
}

// ServeHTTP answers a request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.config.Load()
	r, ok := below(r, c.BasePath)
	if !ok {
		refuse(w, http.StatusBadRequest, "the path must be a clean one below the site, without // and ..")
		return
	}
	s.mux.ServeHTTP(w, r)
}

// OnClose has the closing call f, which ends requests that would not end by
// themselves.
func (s *Site) OnClose(f func()) { s.server.RegisterOnShutdown(f) }

// Close lets nobody in any more and waits for the requests under way until ctx
// ends.
func (s *Site) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	s.serving.Wait()
	return err
}
