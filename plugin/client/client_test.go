package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/faces/jobs"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/serve/token"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/client"
)

// submit makes "restored PHOTO" of a photo, once hold is closed.
func submit(hold <-chan struct{}) func(context.Context, plugin.Job) (plugin.Result, error) {
	return func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		select {
		case <-hold:
		case <-ctx.Done():
			return plugin.Result{}, ctx.Err()
		}
		photo, err := os.ReadFile(j.Path)
		if err != nil {
			return plugin.Result{}, err
		}
		if bytes.HasPrefix(photo, []byte("bad")) {
			return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Damaged, Err: errors.New("cannot be decoded"), Hint: "copy it again"}
		}
		out := filepath.Join(j.Output, "out.jpg")
		data := append([]byte("restored "), photo...)
		return plugin.Result{State: plugin.Done, Outputs: []plugin.Output{{Path: out, Format: "jpeg", Size: int64(len(data)), Hash: strings.Repeat("ab", 32)}}, Notes: map[string]string{"model": "lite"}},
			os.WriteFile(out, data, 0o600)
	}
}

// start is a client of a daemon's site.
func start(t *testing.T, hold <-chan struct{}) *client.Client {
	t.Helper()
	state := t.TempDir()
	in, err := intake.Open(intake.Options{StateDir: state, Submit: submit(hold)})
	if err != nil {
		t.Fatal(err)
	}
	in.Configure(intake.Config{Queue: 2, Space: 1 << 24, Bytes: 100})
	site := serve.New(serve.Options{StateDir: state})
	api := v1.New(in, "test", site)
	j, err := jobs.Open(jobs.Options{StateDir: state, Intake: in, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	j.Register(api)
	offered := []v1.Pipeline{{Name: "web", Outputs: []v1.Output{{ID: "full", Format: "jpeg"}}}}
	api.Configure(offered)
	j.Configure(jobs.Config{Pipelines: offered, Retain: time.Hour, Space: 1 << 20, Queue: 10, Parallel: 1})
	server := httptest.NewServer(site)
	t.Cleanup(func() { server.CloseClientConnections(); j.Close(); server.Close() })
	_, secret, err := token.At(state).Create("host", []string{"submit"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(server.URL, secret)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func atOnce() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestProcess(t *testing.T) {
	c := start(t, atOnce())
	out, err := c.Process(t.Context(), strings.NewReader("photo"), client.Request{Pipeline: "web", Output: "full", Name: "ä \"b\".jpg"})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if data, err := io.ReadAll(out); err != nil || string(data) != "restored photo" || out.Size != int64(len(data)) {
		t.Errorf("got %q of %d bytes, %v", data, out.Size, err)
	}
	if out.Type != "image/jpeg" || out.Decision != "restored" || out.Model != "lite" {
		t.Errorf("got %+v", out)
	}
	r, err := c.Receipt(t.Context(), strings.NewReader("photo"), client.Request{})
	if err != nil || r.Decision != "restored" || len(r.Outputs) != 1 || r.Outputs[0].ID != "full" {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
}

func TestProblems(t *testing.T) {
	c := start(t, atOnce())
	for name, q := range map[string]struct {
		photo  string
		q      client.Request
		status int
		want   client.Problem
	}{
		"damaged":  {"bad photo", client.Request{}, http.StatusUnprocessableEntity, client.Problem{Kind: "damaged"}},
		"large":    {strings.Repeat("x", 101), client.Request{}, http.StatusRequestEntityTooLarge, client.Problem{Key: "limits.bytes"}},
		"pipeline": {"photo", client.Request{Pipeline: "wed"}, http.StatusNotFound, client.Problem{}},
		"accept":   {"photo", client.Request{Accept: "image/avif"}, http.StatusNotAcceptable, client.Problem{}},
	} {
		_, err := c.Process(t.Context(), strings.NewReader(q.photo), q.q)
		p := (*client.Problem)(nil)
		if !errors.As(err, &p) || p.Status != q.status || p.Kind != q.want.Kind || p.Key != q.want.Key || p.Detail == "" {
			t.Errorf("%s: got %+v", name, err)
		}
		if _, again := client.Retriable(err); again {
			t.Errorf("%s: it would be tried again", name)
		}
	}
	full := start(t, make(chan struct{}))
	for range 2 {
		go func() { _, _ = full.Process(t.Context(), strings.NewReader("photo"), client.Request{}) }()
	}
	for end := time.Now().Add(10 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := full.Process(ctx, strings.NewReader("photo"), client.Request{})
		cancel()
		if after, again := client.Retriable(err); again && after >= time.Second {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a full queue: got %v", err)
		}
	}
}

func TestJobs(t *testing.T) {
	hold := make(chan struct{})
	c := start(t, hold)
	o := client.Options{Key: "once"}
	j, err := c.Submit(t.Context(), strings.NewReader("photo"), client.Request{Pipeline: "web", Name: "a.jpg"}, o)
	if err != nil || j.ID == "" {
		t.Fatalf("got %+v, %v", j, err)
	}
	if again, err := c.Submit(t.Context(), strings.NewReader("photo"), client.Request{Pipeline: "web", Name: "a.jpg"}, o); err != nil || again.ID != j.ID {
		t.Errorf("the same once more: %+v, %v", again, err)
	}
	var states []client.State
	ended, err := c.Follow(t.Context(), j.ID, func(j client.Job) {
		states = append(states, j.State)
		if j.State == client.Running {
			close(hold)
		}
	})
	if err != nil || ended.State != client.Done || ended.Receipt == nil || fmt.Sprint(states) != "[waiting running done]" {
		t.Fatalf("it ended as %+v, %v, after %v", ended, err, states)
	}
	out, err := c.Fetch(t.Context(), j.ID, ended.Receipt.Outputs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if data, _ := io.ReadAll(out); string(data) != "restored photo" {
		t.Errorf("the output is %q", data)
	}
	failed, err := c.Submit(t.Context(), strings.NewReader("bad photo"), client.Request{}, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if ended, err = c.Follow(t.Context(), failed.ID, nil); err != nil || ended.State != client.Failed || ended.Problem == nil || ended.Problem.Kind != "damaged" {
		t.Errorf("a damaged photo's job ended as %+v, %v", ended, err)
	}
	if err := c.Delete(t.Context(), j.ID); err != nil {
		t.Error(err)
	}
	p := (*client.Problem)(nil)
	if _, err := c.Job(t.Context(), j.ID); !errors.As(err, &p) || p.Status != http.StatusNotFound {
		t.Errorf("a deleted job: %v", err)
	}
}

func TestFollowingADeletedJobEnds(t *testing.T) {
	c := start(t, make(chan struct{}))
	j, err := c.Submit(t.Context(), strings.NewReader("photo"), client.Request{}, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Follow(t.Context(), j.ID, func(now client.Job) {
		if now.State == client.Running {
			if err := c.Delete(t.Context(), j.ID); err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.Is(err, client.ErrDeleted) {
		t.Errorf("got %v", err)
	}
}

// A host without cgo builds the client, which needs the standard library alone.
func TestTheClientNeedsNoCgo(t *testing.T) {
	build := exec.Command("go", "build", ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	list.Env = build.Env
	out, err := list.Output()
	if got := strings.Fields(string(out)); err != nil || len(got) != 1 {
		t.Errorf("it imports %v, %v", got, err)
	}
}

// restarting is a daemon that is not reached for some requests.
type restarting struct{ left int }

func (r *restarting) RoundTrip(q *http.Request) (*http.Response, error) {
	if r.left > 0 {
		r.left--
		return nil, errors.New("connection refused")
	}
	return http.DefaultTransport.RoundTrip(q)
}

func TestFollowOutlastsARestart(t *testing.T) {
	c := start(t, atOnce())
	j, err := c.Submit(t.Context(), strings.NewReader("pixels"), client.Request{}, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP = &http.Client{Transport: &restarting{left: 3}} // events, the job, and events once more
	if j, err = c.Follow(t.Context(), j.ID, nil); err != nil || j.State != client.Done {
		t.Errorf("got %+v, %v", j, err)
	}
}
