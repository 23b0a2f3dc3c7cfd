package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// Client calls verbs. It is safe for concurrent use.
type Client struct {
	transport http.RoundTripper
	most      int64 // bytes of an answer
	close     func()
}

// ErrNoDaemon says that nobody answers on the socket of a state folder.
var ErrNoDaemon = errors.New("no daemon is running")

// Dial is a client of the daemon that has the state folder. Whether there is
// one shows at the first call, which fails with [ErrNoDaemon] otherwise.
func Dial(stateDir string) *Client {
	dial := func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		err = withShortName(filepath.Join(stateDir, SocketName), func(name string) (err error) {
			conn, err = new(net.Dialer).DialContext(ctx, "unix", name)
			return err
		})
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("the daemon cannot be reached: %w: run this as its user or in its group", err)
		}
		if err != nil {
			return nil, ErrNoDaemon
		}
		return conn, nil
	}
	t := &http.Transport{DialContext: dial, DisableCompression: true, DisableKeepAlives: true}
	return &Client{t, maxAnswer, t.CloseIdleConnections}
}

// Reach reports whether a daemon answers on the socket of the state folder, by
// an error where none does; see [Dial].
func Reach(ctx context.Context, stateDir string) error {
	daemon := Dial(stateDir)
	defer daemon.Close()
	_, err := daemon.Ask(ctx, http.MethodGet, "/", nil)
	if answered := (*Problem)(nil); errors.As(err, &answered) {
		return nil
	}
	return err
}

// OverConn is a client of what answers with [ServeConn] at the other end of
// conn. Calls share the connection. Close closes it.
func OverConn(conn net.Conn) *Client {
	only := &onlyConn{Conn: conn, closed: make(chan struct{})}
	first := make(chan net.Conn, 1)
	first <- only
	// Calls that come at once dial each for itself: one gets the connection, and
	// the others wait until it is shared with them.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case c := <-first:
			return c, nil
		case <-only.closed:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	t := &http.Transport{DialContext: dial, DisableCompression: true, Protocols: multiplexed()}
	return &Client{t, maxAnswer, func() { only.Close() }}
}

// onlyConn is a connection that tells when it is closed, by either side: the
// transport closes what ends.
type onlyConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *onlyConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// Direct is a client of a service in this process.
func Direct(s Service) *Client { return &Client{direct{s}, maxAnswer, func() {}} }

// Within is the client for verbs whose answers have at most so many bytes: what
// answers may have been taken over by a file that it has read.
func (c *Client) Within(bytes int64) *Client { return &Client{c.transport, bytes, c.close} }

// Close gives the client's connections up.
func (c *Client) Close() { c.close() }

// Ask sends a request and returns the body of its answer. It is an [Ask].
func (c *Client) Ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://burnish", bytes.NewReader(body))
	if err != nil {
		return nil, &Problem{Status: http.StatusBadRequest, Detail: err.Error()} // nobody was asked
	}
	r.URL.Path = path
	r.Header.Set("Content-Type", "application/json")
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, c.most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer to %s: %w", path, err)
	case int64(len(answer)) > c.most:
		return nil, fmt.Errorf("the answer to %s has more than %d bytes", path, c.most)
	case response.StatusCode == http.StatusOK:
		return answer, nil
	}
	p := &Problem{Status: response.StatusCode}
	if Unmarshal(answer, p) != nil || p.Detail == "" { // of net/http itself
		p.Detail = fmt.Sprintf("%s: %s", path, response.Status)
	}
	return nil, p.Err()
}

// direct calls a service without a connection.
type direct struct{ service Service }

// RoundTrip answers a request.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &kept{header: http.Header{}}
	d.service.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body), Request: r}, nil
}

// kept is a response in memory.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) { k.status = status }

func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }
