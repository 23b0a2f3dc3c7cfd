package worker

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
)

// Whatever a worker process answers that a file has taken over: the daemon reads
// a bounded part of it and counts the process as dead.
func TestWhatAWorkerAnswersIsBounded(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"result":{"Reason":"`)
			for text := strings.Repeat("x", 1<<20); ; {
				if _, err := io.WriteString(w, text); err != nil {
					return
				}
			}
		},
		"no JSON":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "\x00<html>") },
		"another shape": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"result":[1]}`) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "{")
		},
		"deep": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"result":`+strings.Repeat("[", 1<<20))
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go api.ServeConn(theirs, answer)
			p := &process{client: api.OverConn(ours), dead: make(chan struct{}), cause: "it was killed"}
			close(p.dead)
			defer p.client.Close()
			ended := make(chan error, 1)
			go func() {
				_, err := call(p, processVerb, order{})
				ended <- err
			}()
			select {
			case err := <-ended:
				if !errors.Is(err, errDead) {
					t.Errorf("it counts as an answer: %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the daemon still reads")
			}
		})
	}
}

// One that never says that it has closed is killed, so that a stop and a reload
// come to an end.
func TestAWorkerThatDoesNotCloseIsKilled(t *testing.T) {
	defer func(before time.Duration) { closing = before }(closing)
	closing = 100 * time.Millisecond
	ours, theirs := net.Pipe()
	go api.ServeConn(theirs, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { select {} }))
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	out, err := newOutput(slog.New(slog.DiscardHandler), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	out.handedOver()
	p := &process{client: api.OverConn(ours), pid: child.Process.Pid, dead: make(chan struct{}), output: out}
	go func() {
		p.ended(child.Wait())
		theirs.Close() // as the kernel does
	}()
	ended := make(chan error, 1)
	go func() { ended <- (&Supervisor{current: p}).Close() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		p.kill("the test is over")
		t.Fatal("Close waits for it")
	}
}
