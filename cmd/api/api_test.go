package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// odd are names of files that JSON does not hold, or that look as if.
var odd = []string{"/in/a.jpg", "/in/\xff\xfe.jpg", "/in/caf\xe9.jpg", "data:;base64,AAAA", "", "/in/ü 100%.jpg"}

func TestAnyNameOfAFileCrossesTheWire(t *testing.T) {
	type nested struct {
		Names map[string][]string
		Of    *Requeued
		At    time.Time
		Raw   []byte
		Any   any
		none  string
	}
	sent := nested{Names: map[string][]string{}, Of: &Requeued{Photos: odd}, At: time.Unix(5, 0).UTC(), Raw: []byte{0xff}, Any: "\xff", none: "kept here"}
	for _, name := range odd {
		sent.Names[name] = odd
	}
	data, err := Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	var got nested
	if err := Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Of.Photos, odd) || len(got.Names) != len(odd) || !slices.Equal(got.Names[odd[1]], odd) || got.Any != "\xff" || !got.At.Equal(sent.At) || string(got.Raw) != "\xff" {
		t.Errorf("got %+v of %s", got, data)
	}
	if sent.none != "kept here" || sent.Of.Photos[1] != odd[1] {
		t.Errorf("the message itself was changed: %+v", sent)
	}
}

func FuzzStrings(f *testing.F) {
	for _, name := range odd {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		data, err := Marshal(RetryRequest{Paths: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		var got RetryRequest
		if err := Unmarshal(data, &got); err != nil || got.Paths[0] != name {
			t.Errorf("%q became %q, %v", name, got.Paths, err)
		}
	})
}

// A verb that a test adds: it takes its declaration and a function.
const echo Verb[RetryRequest, Requeued] = "POST /v1/echo"

// daemon is one whose records are given.
type daemon struct{ requeued chan []string }

func (d daemon) Pause(bool) error             { return errors.New("no") }
func (d daemon) Reload(context.Context) error { return nil }
func (d daemon) Requeue(photos []string) error {
	d.requeued <- photos
	return nil
}

func listen(t *testing.T, s Service) (*Server, *Client) {
	t.Helper()
	dir := t.TempDir()
	server, err := Listen(dir, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client := Dial(dir)
	t.Cleanup(client.Close)
	return server, client
}

func TestNamesSurviveTheSocketAndTheWorkersConnection(t *testing.T) {
	records := &Mux{}
	echo.Handle(records, func(_ context.Context, q RetryRequest) (Requeued, error) {
		return requeued(q.Paths, &plugin.Error{Path: odd[1], Kind: plugin.Damaged, Err: errors.New("cannot be decoded"), Hint: "copy it", Own: true})
	})
	ours, theirs := net.Pipe()
	go ServeConn(theirs, records)
	worker := OverConn(ours)
	defer worker.Close()
	d := daemon{make(chan []string, 1)}
	server, client := listen(t, Control(d, Forward(worker.Ask)))
	defer server.Close(t.Context())
	got, err := echo.Call(t.Context(), client, RetryRequest{Paths: odd})
	if err != nil || !slices.Equal(got.Photos, odd) {
		t.Fatalf("%q, %v", got.Photos, err)
	}
	if photos := <-d.requeued; !slices.Equal(photos, odd) {
		t.Errorf("requeued are %q", photos)
	}
	var failure *plugin.Error
	if err := got.Err(); !errors.As(err, &failure) || failure.Path != odd[1] || failure.Kind != plugin.Damaged || failure.Hint != "copy it" || !failure.Own {
		t.Errorf("%+v", got.Err())
	}
	if _, err := Pause.Call(t.Context(), client, PauseRequest{true}); err == nil || err.Error() != "no" {
		t.Errorf("an error became %v", err)
	}
	if _, err := Verb[None, None]("POST /v1/none").Call(t.Context(), client, None{}); !errors.As(err, new(*Problem)) || !strings.Contains(err.Error(), "404") {
		t.Errorf("an unknown verb: %v", err)
	}
}

func TestCallsShareOneConnection(t *testing.T) {
	m, both := &Mux{}, make(chan struct{})
	echo.Handle(m, func(_ context.Context, q RetryRequest) (Requeued, error) {
		select { // each waits for the other
		case both <- struct{}{}:
		case <-both:
		}
		return Requeued{Photos: q.Paths}, nil
	})
	ours, theirs := net.Pipe()
	ended := make(chan struct{})
	go func() { defer close(ended); ServeConn(theirs, m) }()
	c := OverConn(ours)
	results := make(chan error)
	for range 2 {
		go func() {
			_, err := echo.Call(t.Context(), c, RetryRequest{})
			results <- err
		}()
	}
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	c.Close()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("it still serves a connection that is closed")
	}
	if _, err := echo.Call(t.Context(), c, RetryRequest{}); err == nil || errors.As(err, new(*Problem)) {
		t.Errorf("a closed connection answered %v", err)
	}
}

func TestStoppingWaitsForCalls(t *testing.T) {
	began, letGo := make(chan struct{}), make(chan struct{})
	var over atomic.Bool
	m := &Mux{}
	Failed.Handle(m, func(context.Context, None) (Failures, error) {
		close(began)
		<-letGo
		over.Store(true)
		return Failures{[]plugin.Failure{{Path: "/in/a.jpg"}}}, nil
	})
	server, client := listen(t, m)
	var got Failures
	answered := make(chan error, 1)
	go func() {
		var err error
		got, err = Failed.Call(t.Context(), client, None{})
		answered <- err
	}()
	<-began
	go func() { // once nobody is let in any more
		defer close(letGo)
		for {
			conn, err := net.Dial("unix", server.socket)
			if err != nil {
				return
			}
			conn.Close()
			time.Sleep(time.Millisecond)
		}
	}()
	if err := server.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if !over.Load() {
		t.Error("a call was still under way")
	}
	if err := <-answered; err != nil || len(got.Failures) != 1 {
		t.Errorf("the answer is lost: %+v, %v", got, err)
	}
	if _, err := os.Stat(server.socket); err == nil {
		t.Error("the socket is still there")
	}
	if _, err := Failed.Call(t.Context(), client, None{}); !errors.Is(err, ErrNoDaemon) {
		t.Errorf("without a daemon: %v", err)
	}
}

// A longer request is refused, and who holds a connection open without one is
// hung up on.
func TestRequestsAreBounded(t *testing.T) {
	m := &Mux{}
	echo.Handle(m, func(_ context.Context, q RetryRequest) (Requeued, error) { return Requeued{}, nil })
	server, _ := listen(t, m)
	defer server.Close(t.Context())
	if server.http.ReadHeaderTimeout == 0 || server.http.IdleTimeout == 0 {
		t.Error("a header may take for ever")
	}
	for name, request := range map[string]string{
		"400 Bad Request":               "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{",
		"413 Request Entity Too Large":  "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
		"405 Method Not Allowed":        "GET /v1/echo HTTP/1.1\r\nHost: a\r\n\r\n",
		"431 Request Header Fields Too": "POST /v1/echo HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 1<<16) + "\r\n\r\n",
	} {
		conn, err := net.Dial("unix", server.socket)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		go func() {
			_, _ = io.WriteString(conn, request)
			if strings.HasPrefix(name, "413") {
				_, _ = io.CopyN(conn, endless{}, maxQuestion+1)
			}
		}()
		answer := make([]byte, 200)
		n, _ := conn.Read(answer)
		if !strings.Contains(string(answer[:n]), name) {
			t.Errorf("want %s, got %q", name, answer[:n])
		}
		conn.Close()
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestALongNameOfTheStateFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	m := &Mux{}
	Failed.Handle(m, func(context.Context, None) (Failures, error) { return Failures{}, nil })
	server, err := Listen(dir, m, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	if _, err := Failed.Call(t.Context(), Dial(dir), None{}); err != nil {
		t.Error(err)
	}
	if _, err := Failed.Call(t.Context(), Direct(m), None{}); err != nil {
		t.Error(err)
	}
	var _ http.Handler = m
}
