package api

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// However many ask at a time, and whatever the path: what comes back is an
// answer. Anything else would say that the worker is gone.
func TestManyCallsShareOneConnection(t *testing.T) {
	const many = 600
	m, let := &Mux{}, make(chan struct{})
	echo.Handle(m, func(_ context.Context, q RetryRequest) (Requeued, error) {
		<-let
		return Requeued{Photos: q.Paths}, nil
	})
	ours, theirs := net.Pipe()
	go ServeConn(theirs, m)
	c := OverConn(ours)
	defer c.Close()
	if _, err := c.Ask(t.Context(), "GET", "/v1/none", nil); !errors.As(err, new(*Problem)) {
		t.Fatal(err)
	}
	results := make(chan error, many)
	for range many {
		go func() {
			_, err := echo.Call(t.Context(), c, RetryRequest{})
			results <- err
		}()
	}
	time.AfterFunc(500*time.Millisecond, func() { close(let) })
	for range many {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnyPathIsAnswered(t *testing.T) {
	ours, theirs := net.Pipe()
	go ServeConn(theirs, &Mux{})
	worker := OverConn(ours)
	defer worker.Close()
	asked := func(ctx context.Context, method, path string, body []byte) ([]byte, error) {
		answer, err := worker.Ask(ctx, method, path, body)
		if !errors.As(err, new(*Problem)) {
			t.Errorf("%s %q: %v", method, path, err)
		}
		return answer, err
	}
	server, _ := listen(t, Control(daemon{}, Forward(asked)))
	defer server.Close(t.Context())
	for _, path := range []string{"/v1/%25zz", "/v1/a%3Fb", "/v1/a%23b", "/v1/%00", "/v1/%0d%0a", "/v1/%ff", "/v1/", "/v1/..%2fworker/close"} {
		for _, method := range []string{"GET", "POST", "CONNECT", "OPTIONS", "HEAD"} {
			conn, err := net.Dial("unix", server.socket)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, method+" "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			if answer, err := io.ReadAll(conn); err != nil || len(answer) == 0 {
				t.Errorf("%s %s: %q, %v", method, path, answer, err)
			}
			conn.Close()
		}
	}
}
