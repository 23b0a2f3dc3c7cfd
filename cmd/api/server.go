package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// SocketName is the daemon's socket in the state folder. Who may connect may
// call every verb: see administrators.
const SocketName = "control.sock"

// Server answers on a socket.
type Server struct {
	socket string
	http   *http.Server
	ended  chan struct{}
}

// Listen makes the socket in the state folder and answers there. The caller has
// the state folder to itself, so a socket that is there is that of a process
// which died.
func Listen(stateDir string, s Service, log *slog.Logger) (*Server, error) {
	socket := filepath.Join(stateDir, SocketName)
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var listener net.Listener
	err := withShortName(socket, func(name string) (err error) {
		listener, err = net.Listen("unix", name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open the control socket %s: %w", socket, err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	mode, group := administrators(stateDir)
	if err := errors.Join(os.Chmod(socket, mode), os.Chown(socket, -1, group)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server := &Server{socket: socket, ended: make(chan struct{}), http: newServer(s)}
	server.http.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	go func() {
		defer close(server.ended)
		_ = server.http.Serve(screened{listener.(*net.UnixListener), group == ownGroup})
	}()
	return server, nil
}

// Close lets nobody in any more, waits for the calls under way until ctx ends,
// and removes the socket.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.ended
	return errors.Join(err, os.Remove(s.socket))
}

func newServer(s Service) *http.Server {
	return &http.Server{Handler: s, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout, IdleTimeout: headerTimeout}
}

// screened hangs up on those who may not ask.
type screened struct {
	*net.UnixListener
	ownOnly bool // the daemon's own user and root alone
}

// Accept waits for somebody who may ask.
func (l screened) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil || !l.ownOnly || owns(conn) {
			return conn, err
		}
		conn.Close()
	}
}

// ServeConn answers on one connection until it is closed at the other end. Calls
// under way then go on; their contexts have ended. A panic in a verb is not
// recovered.
func ServeConn(conn net.Conn, s Service) {
	closed := make(chan struct{})
	server := newServer(fatal{s})
	server.Protocols, server.IdleTimeout = multiplexed(), 0
	server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxCalls}
	_ = server.Serve(&single{conn: &closing{Conn: conn, closed: closed}, closed: closed})
}

// multiplexed is HTTP/2 without encryption: calls share one connection.
func multiplexed() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// fatal lets a panic end the process, which net/http would recover.
type fatal struct{ Service }

// ServeHTTP answers a call.
func (f fatal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if fault := recover(); fault != nil {
			go panic(fault) // where nobody recovers it
			select {}
		}
	}()
	f.Service.ServeHTTP(w, r)
}

// single is a listener of one connection.
type single struct {
	mu     sync.Mutex
	conn   net.Conn
	closed <-chan struct{}
}

// Accept gives the connection, and ends once that is closed.
func (l *single) Accept() (net.Conn, error) {
	l.mu.Lock()
	conn := l.conn
	l.conn = nil
	l.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *single) Close() error { return nil }

func (l *single) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// closing tells that a connection is closed.
type closing struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// withShortName calls f with a name of the socket that is short enough for the
// kernel, which takes 107 bytes.
func withShortName(socket string, f func(name string) error) error {
	if len(socket) <= 100 {
		return f(socket)
	}
	dir, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return err
	}
	defer dir.Close()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket)))
}

// ownGroup is no group but the daemon's own.
const ownGroup = -1

// administrators makes the state folder the daemon's user's alone, who with root
// may ask the daemon for everything: people of its group may drop photos, which
// is another right. A folder that was given a group of its own is left as it is,
// and that group administers as well.
func administrators(stateDir string) (socket fs.FileMode, group int) {
	info, err := os.Stat(stateDir)
	if err != nil {
		return 0o600, ownGroup
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(s.Gid) != os.Getegid() && info.Mode().Perm()&0o050 == 0o050 {
		return 0o660, int(s.Gid)
	}
	if info.Mode().Perm()&0o077 != 0 {
		_ = os.Chmod(stateDir, 0o700) // the socket's own mode keeps others out as well
	}
	return 0o600, ownGroup
}

// owns reports whether the daemon's own user, or root, is at the other end.
func owns(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var peer *unix.Ucred
	if raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil {
		return false
	}
	return peer.Uid == 0 || int(peer.Uid) == os.Geteuid()
}
