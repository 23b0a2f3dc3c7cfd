package serve

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Limits of every connection.
const (
	maxHeader     = 16 << 10         // bytes
	maxConns      = 512              // at a time, on each address
	maxPeerConns  = 64               // of these, from one address of another machine
	headerTimeout = 10 * time.Second // to send a header
	idleTimeout   = 2 * time.Minute  // between requests
	writeTimeout  = time.Minute      // without progress in reading an answer
	closeTimeout  = 10 * time.Second // for requests under way when the site closes
)

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, ConnContext: remember}
}

// limited is a listener whose connections are few and do not hang: one too many
// waits for another to end. Of one address that is neither this machine nor a
// trusted proxy there are fewer, so that it leaves room for others.
type limited struct {
	net.Listener
	exempt func(peer) bool
	free   chan struct{}
	once   sync.Once
	closed chan struct{}

	mu sync.Mutex
	of map[netip.Prefix]int // connections
}

func (s *Site) limit(l net.Listener) *limited {
	exempt := func(p peer) bool { return p.unix || p.addr.IsLoopback() || s.config.Load().Proxies.trusts(p) }
	return &limited{Listener: l, exempt: exempt, free: make(chan struct{}, maxConns), closed: make(chan struct{}), of: map[netip.Prefix]int{}}
}

// Accept waits for somebody.
func (l *limited) Accept() (net.Conn, error) {
	for {
		select {
		case l.free <- struct{}{}:
		case <-l.closed:
			return nil, net.ErrClosed
		}
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.free
			return nil, err
		}
		leave, ok := l.enter(peerOf(conn))
		if ok {
			return &moving{Conn: conn, leave: leave}, nil
		}
		_ = conn.Close()
		<-l.free
	}
}

// enter counts a connection of p until leave, unless p has too many.
func (l *limited) enter(p peer) (leave func(), ok bool) {
	if l.exempt(p) {
		return func() { <-l.free }, true
	}
	from := network(p.addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[from] >= maxPeerConns {
		return nil, false
	}
	l.of[from]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.of[from]--; l.of[from] == 0 {
			delete(l.of, from)
		}
		<-l.free
	}, true
}

// Close lets nobody in any more.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// moving is a connection whose other end has to read on.
type moving struct {
	net.Conn
	once  sync.Once
	leave func()
}

func (c *moving) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// CloseWrite lets net/http see to it that a last answer is read before the end.
func (c *moving) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *moving) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}

// timed is a body whose deadline ends with it: later one would end the request.
type timed struct {
	io.ReadCloser
	timeouts *http.ResponseController
}

func (b *timed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.timeouts.SetReadDeadline(time.Time{})
	}
	return n, err
}
