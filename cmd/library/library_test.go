package library_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/library"
	"github.com/burnish-photo/burnish/plugin"
)

// tasks are of a daemon that answers verify and undo with these.
func tasks(t *testing.T, verify func(plugin.VerifyRequest) plugin.VerifyPage, undo func(plugin.UndoRequest) plugin.UndoPage) (*library.Tasks, context.CancelFunc) {
	m := &api.Mux{}
	api.Verify.Handle(m, func(ctx context.Context, q plugin.VerifyRequest) (plugin.VerifyPage, error) {
		return verify(q), ctx.Err()
	})
	api.Undo.Handle(m, func(ctx context.Context, q plugin.UndoRequest) (plugin.UndoPage, error) { return undo(q), ctx.Err() })
	ctx, cancel := context.WithCancel(t.Context())
	return library.New(ctx, api.Direct(m), t.TempDir(), slog.New(slog.DiscardHandler)), cancel
}

func ended(t *testing.T, l *library.Tasks) api.LibraryTask {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if now := l.Now(); !now.Running {
			return now
		}
		if time.Now().After(end) {
			t.Fatal("it does not end")
		}
	}
}

func TestATaskGoesThroughAllPagesAndKeepsTheFirstFindings(t *testing.T) {
	pages := 0
	l, cancel := tasks(t, func(q plugin.VerifyRequest) plugin.VerifyPage {
		if (pages == 0) != (q.After == plugin.RecordKey{}) {
			t.Errorf("page %d begins after %v", pages, q.After)
		}
		pages++
		p := plugin.VerifyPage{After: plugin.RecordKey{Path: "/a"}, Done: pages == 3}
		p.Count.Photos = 100
		for range 100 {
			p.Findings = append(p.Findings, plugin.Finding{Kind: plugin.MissingOutput, Healed: true})
		}
		return p
	}, nil)
	defer cancel()
	begun, err := l.Verify(plugin.VerifyRequest{After: plugin.RecordKey{Path: "/in the middle"}})
	if err != nil {
		t.Fatal(err)
	}
	now := ended(t, l)
	if len(begun.Found) > 0 || !begun.Running {
		t.Errorf("what was answered changes with the task: %+v", begun)
	}
	if now.Count.Photos != 300 || now.Found["missing-output"] != 300 || now.Healed != 300 || len(now.Findings) != 200 || now.Problem != nil {
		t.Errorf("%d photos, found %v, healed %d, %d kept, %v", now.Count.Photos, now.Found, now.Healed, len(now.Findings), now.Problem)
	}
}

func TestAnUndoCountsAndRefuses(t *testing.T) {
	l, cancel := tasks(t, nil, func(q plugin.UndoRequest) plugin.UndoPage {
		p := plugin.UndoPage{Run: "run", Photos: []plugin.UndonePhoto{{Path: "/a", Outputs: 2, Originals: 1, Bytes: 5}, {Path: "/b", Problem: "changed"}}}
		switch q.Before {
		case 0:
			p.Next = 7
		case 7:
			if q.Run != "run" {
				t.Errorf("the calls of a run are not told as one: %q", q.Run)
			}
		}
		return p
	})
	defer cancel()
	for _, q := range []plugin.UndoRequest{{}, {Where: "nonsense("}, {Where: "true", Dry: true}} {
		if _, err := l.Undo(q); err == nil {
			t.Errorf("%+v passes", q)
		}
	}
	if _, err := l.Undo(plugin.UndoRequest{Where: "true", Before: 3}); err != nil {
		t.Fatal(err)
	}
	now := ended(t, l)
	if want := (api.UndoneCount{Photos: 2, Originals: 2, Outputs: 4, Bytes: 10}); now.Undone != want || now.Refused != 2 || now.Refusals[0].Path != "/b" {
		t.Errorf("%+v, refused %d %v", now.Undone, now.Refused, now.Refusals)
	}
}

// One task runs at a time. It ends when it is stopped, and with the daemon.
func TestATaskIsStopped(t *testing.T) {
	entered := make(chan bool, 1)
	l, cancel := tasks(t, func(plugin.VerifyRequest) plugin.VerifyPage {
		select {
		case entered <- true:
		default:
		}
		return plugin.VerifyPage{}
	}, nil)
	start := func() {
		t.Helper()
		if _, err := l.Verify(plugin.VerifyRequest{}); err != nil {
			t.Fatal(err)
		}
		<-entered
	}
	start()
	var refused *api.Problem
	if _, err := l.Undo(plugin.UndoRequest{Where: "true"}); !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		t.Errorf("a second task is answered with %v", err)
	}
	l.Stop()
	if now := ended(t, l); !now.Stopped || now.Problem != nil {
		t.Errorf("stopped: %v, %v", now.Stopped, now.Problem)
	}
	l.Stop() // nothing runs
	start()
	cancel()
	l.Wait()
	if _, err := l.Verify(plugin.VerifyRequest{}); err == nil {
		t.Error("a task begins after the end")
	}
}

func TestChoicesOutliveADaemon(t *testing.T) {
	dir := t.TempDir()
	k, err := library.OpenKept(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := api.ChangeChoice{Folder: "/in\xff", Pipeline: "p", Version: "1"}
	for _, bad := range []api.ChangeChoice{{}, {Folder: "/in", Pipeline: "p"}} {
		if k.Keep(bad) == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	if err := errors.Join(k.Keep(c), k.Keep(c)); err != nil {
		t.Fatal(err)
	}
	if k, err = library.OpenKept(dir); err != nil || !k.Has(c) {
		t.Error("the choice is lost: ", err)
	}
	if c.Version = "2"; k.Has(c) {
		t.Error("a choice holds for another version")
	}
}

// What a task found outlives the daemon; one that was cut off says so.
func TestATaskIsShownAfterARestart(t *testing.T) {
	began, state := make(chan bool, 1), t.TempDir()
	m := &api.Mux{}
	api.Verify.Handle(m, func(ctx context.Context, q plugin.VerifyRequest) (plugin.VerifyPage, error) {
		p := plugin.VerifyPage{Done: q.Quick, Findings: []plugin.Finding{{Kind: plugin.MissingOutput, Photo: "/in/a.jpg"}}}
		if !p.Done {
			began <- true
			<-ctx.Done()
		}
		return p, ctx.Err()
	})
	daemon := func() (*library.Tasks, context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		return library.New(ctx, api.Direct(m), state, slog.New(slog.DiscardHandler)), cancel
	}
	l, stop := daemon()
	if _, err := l.Verify(plugin.VerifyRequest{Quick: true}); err != nil {
		t.Fatal(err)
	}
	ended(t, l)
	stop()
	l.Wait()
	l, stop = daemon()
	if now := l.Now(); now.Kind != api.TaskVerify || now.Ended.IsZero() || len(now.Findings) != 1 || now.Findings[0].Photo != "/in/a.jpg" || now.Problem != nil {
		t.Errorf("after a restart: %+v", now)
	}
	if _, err := l.Verify(plugin.VerifyRequest{}); err != nil {
		t.Fatal(err)
	}
	<-began
	file := filepath.Join(state, "library-task.json")
	running, err := os.ReadFile(file) // as a crash leaves it
	if err != nil {
		t.Fatal(err)
	}
	stop()
	l.Wait()
	for name, left := range map[string][]byte{"stopped": nil, "crashed": running} {
		if left != nil {
			if err := os.WriteFile(file, left, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, stop := daemon()
		if now := l.Now(); now.Running || now.Problem == nil || now.Problem.Hint == "" {
			t.Errorf("%s: %+v", name, now)
		}
		stop()
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, stop = daemon()
	defer stop()
	if now := l.Now(); now.Kind != "" {
		t.Errorf("of a damaged file: %+v", now)
	}
}
