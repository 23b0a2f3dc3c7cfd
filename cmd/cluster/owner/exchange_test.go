package owner

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/cluster"
	"github.com/burnish-photo/burnish/cmd/cluster/embedded"
)

// begin starts a server and an exchange that is ready.
func begin(t *testing.T) *exchange {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s, err := embedded.Start(embedded.Options{Address: address, Folder: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	x, err := openExchange(t.Context(), Options{
		Link: cluster.Link{Servers: []string{s.URL()}}, Names: cluster.Names{Subject: "t"}, Name: "o", StateDir: t.TempDir(), Version: "v", Mode: Remote,
		Bytes: 1 << 20, Store: 16 << 20, Sweep: time.Hour, Deliver: 5, Stopping: t.Context(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.close)
	for end := time.Now().Add(30 * time.Second); x.opened() == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the exchange does not get ready")
		}
	}
	return x
}

// TestLostQueueIsFilledAgain removes the streams, as servers do that have lost their
// files: they are made again, and the job is put in again.
func TestLostQueueIsFilledAgain(t *testing.T) {
	x := begin(t)
	file := filepath.Join(t.TempDir(), "photo")
	if err := os.WriteFile(file, []byte("photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		digest := cluster.Digest([]byte("photo"))
		_, _ = x.do(ctx, t.TempDir(), errand{file: file, photo: "a.jpg", job: cluster.Job{Content: digest, Size: 5, Parcel: digest, Build: digest}})
	}()
	defer func() { stop(); <-ended }()
	queued := func() uint64 {
		s, err := x.js.Stream(t.Context(), x.options.Names.Jobs())
		if err != nil {
			return 0 // it is being made
		}
		return s.CachedInfo().State.Msgs
	}
	within := func(what string) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); queued() != 1; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal(what)
			}
		}
	}
	within("the job is not put in")
	for _, stream := range []string{x.options.Names.Jobs(), x.options.Names.Answers()} {
		if err := x.js.DeleteStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	x.mu.Lock()
	for _, e := range x.jobs {
		e.sign = time.Now().Add(-2 * lostAfter)
	}
	x.mu.Unlock()
	within("the job is not put in again")
}

// TestOutputsInSumAreBounded names one object in many outputs.
func TestOutputsInSumAreBounded(t *testing.T) {
	x := begin(t)
	digest := cluster.Digest(nil)
	e := &errand{job: cluster.Job{ID: "j", Content: digest, Build: digest}}
	a := &cluster.Answer{Owner: x.id, ID: "j", Try: 1, Content: digest, Build: digest}
	for range 3 {
		a.Outputs = append(a.Outputs, cluster.Output{Object: cluster.OutputObject("j", "t", 0), Hash: digest, Size: x.options.Store/2 + 1})
	}
	if _, err := x.fetch(t.Context(), filepath.Join(t.TempDir(), "1"), e, a); err == nil || !strings.Contains(err.Error(), "all that the bucket may hold") {
		t.Errorf("outputs beyond the bucket: %v", err)
	}
}
