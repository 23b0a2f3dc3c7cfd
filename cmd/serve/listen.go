package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Change is another configuration, whose addresses are open and not yet used.
type Change struct {
	site   *Site
	config Config
	opened map[string]net.Listener
}

// Prepare opens the addresses of a configuration that are not open yet. Commit
// or Discard ends the change.
func (s *Site) Prepare(c Config) (*Change, error) {
	change := &Change{site: s, config: c, opened: map[string]net.Listener{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, address := range c.Listen {
		if s.listeners[address] != nil || change.opened[address] != nil {
			continue
		}
		l, err := listen(address)
		if err != nil {
			change.Discard()
			if place := c.Places[address]; place != "" {
				err = fmt.Errorf("%s: %w", place, err)
			}
			return nil, err
		}
		change.opened[address] = s.limit(l)
	}
	return change, nil
}

// Discard closes what was opened.
func (c *Change) Discard() {
	for _, l := range c.opened {
		_ = l.Close()
	}
}

// Commit serves by the configuration, and closes addresses that it does not
// name. Requests under way there go on.
func (c *Change) Commit() {
	s := c.site
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.Store(&c.config)
	for address, l := range s.listeners {
		if !slices.Contains(c.config.Listen, address) && !strings.HasPrefix(address, "inherited ") {
			_ = l.Close()
			delete(s.listeners, address)
		}
	}
	for address, l := range c.opened {
		s.listeners[address] = l
		s.serve(l)
	}
	for i, l := range s.inherited {
		if name := fmt.Sprintf("inherited %d", i); s.listeners[name] == nil {
			s.listeners[name] = s.limit(l)
			s.serve(s.listeners[name])
		}
	}
}

// serve answers what comes to a listener until that is closed.
func (s *Site) serve(l net.Listener) {
	s.serving.Go(func() {
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.log.Error("listening ended", "address", l.Addr().String(), "error", err)
		}
	})
	s.log.Info("serving", "address", l.Addr().String())
}

// Addresses are what the site listens on, as URLs for TCP and paths for sockets.
func (s *Site) Addresses() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		if l.Addr().Network() == "unix" {
			all = append(all, l.Addr().String())
		} else {
			all = append(all, "http://"+browsed(l.Addr())+s.config.Load().BasePath+"/")
		}
	}
	slices.Sort(all)
	return all
}

// Try reports why a TCP address cannot be listened on, nil where it can.
func Try(address string) error {
	l, err := listen(address)
	if err != nil {
		return err
	}
	return l.Close()
}

// browsed is an address as a browser on this machine takes it.
func browsed(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return a.String()
}

// listen listens on an address.
func listen(address string) (net.Listener, error) {
	if filepath.IsAbs(address) {
		return openUnix(address)
	}
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen: another program uses %s: end it or name another port", address)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("listen: %s is not permitted: use a port from 1024, or socket activation: %w", address, err)
	case errors.Is(err, syscall.EAFNOSUPPORT):
		return nil, fmt.Errorf("listen: %s: the service has no network: remove it from listen, then run systemctl enable burnish.socket and systemctl restart burnish", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("listen: %s is no address of this machine: name one of its own, or 0.0.0.0 for all", address)
	case err != nil:
		return nil, fmt.Errorf("listen: %s cannot be opened: %w", address, cause(err))
	}
	return l, nil
}

// cause is an error without the address, which the message has already.
func cause(err error) error {
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err
	}
	return err
}

// openUnix makes a socket. One that nobody answers on is what a process left
// that died.
func openUnix(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("listen: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("listen: %s is there and is no socket: name another path", path)
	default:
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if conn, err := new(net.Dialer).DialContext(ctx, "unix", path); err == nil {
			_ = conn.Close()
			return nil, fmt.Errorf("listen: another program uses %s: end it or name another path", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen: %s cannot be made: %w", path, cause(err))
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	return l, nil
}
