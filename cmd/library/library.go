// Package library goes through a daemon's whole library for who asks for it on
// the page or by the API: it verifies, heals, undoes or redoes in the background,
// one task at a time. What it found is kept until the next task begins, over
// restarts as well; what it did to files is in the ledger's journal.
//
// It asks the daemon's verbs for everything, and touches no photo itself.
package library

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// kept is how many findings, and photos that were refused, a task keeps to show.
const kept = 200

// Tasks are the task of the moment, or the one before. Its methods may be called
// from several goroutines.
type Tasks struct {
	client  *api.Client
	ctx     context.Context
	log     *slog.Logger
	running sync.WaitGroup

	mu    sync.Mutex
	now   api.LibraryTask
	stop  context.CancelFunc // of the task that runs
	file  string             // that the task is kept in
	saved time.Time
}

// New makes tasks that end with ctx, between two photos. client asks the daemon.
// The last one that a daemon of the state folder left is shown until another begins.
func New(ctx context.Context, client *api.Client, stateDir string, log *slog.Logger) *Tasks {
	t := &Tasks{client: client, ctx: ctx, log: log}
	if err := t.load(stateDir); err != nil {
		log.Warn("what the last task found cannot be read", "error", err)
	}
	return t
}

// Wait waits until the task has ended, once ctx has.
func (t *Tasks) Wait() { t.running.Wait() }

// Now is how the task stands; its kind is "" where there was none.
func (t *Tasks) Now() api.LibraryTask {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.copied()
}

// copied is the task, of which nothing changes any more. t.mu is held.
func (t *Tasks) copied() api.LibraryTask {
	now := t.now
	now.Findings = now.Findings[:len(now.Findings):len(now.Findings)] // appended to meanwhile
	now.Refusals = now.Refusals[:len(now.Refusals):len(now.Refusals)]
	found := map[string]int{}
	for kind, n := range now.Found {
		found[kind] = n
	}
	now.Found = found
	return now
}

// Stop ends the task that runs between two photos.
func (t *Tasks) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Running {
		t.now.Stopped = true
		t.stop()
	}
}

// Verify begins to verify, and to heal where the request says so.
func (t *Tasks) Verify(q plugin.VerifyRequest) (api.LibraryTask, error) {
	q.After, q.Most, q.Time = plugin.RecordKey{}, 0, 0
	return t.begin(api.LibraryTask{Kind: api.TaskVerify, Verify: &q}, func(ctx context.Context) error {
		for {
			page, err := api.Verify.Call(ctx, t.client, q)
			if err != nil {
				return err
			}
			t.update(func(now *api.LibraryTask) { addFindings(now, page) })
			if page.Done {
				return nil
			}
			q.After = page.After
		}
	})
}

func addFindings(now *api.LibraryTask, page plugin.VerifyPage) {
	now.Count.Add(page.Count)
	for _, f := range page.Findings {
		now.Found[string(f.Kind)]++
		if f.Healed {
			now.Healed++
		}
		if len(now.Findings) < kept {
			now.Findings = append(now.Findings, f)
		}
	}
}

// Undo begins to undo, or to redo.
func (t *Tasks) Undo(q plugin.UndoRequest) (api.LibraryTask, error) {
	if q.Dry {
		return api.LibraryTask{}, api.Refused("dry must be false: a task undoes")
	}
	if q.Since.IsZero() && q.Where == "" && len(q.Paths) == 0 {
		return api.LibraryTask{}, api.Refused("since, where or paths must say what to undo")
	}
	if q.Where != "" {
		if _, err := plugin.ParseQuery(q.Where); err != nil {
			return api.LibraryTask{}, err
		}
	}
	q.Before, q.Run = 0, ""
	kind := api.TaskUndo
	if q.Redo {
		kind = api.TaskRedo
	}
	return t.begin(api.LibraryTask{Kind: kind, Undo: &q}, func(ctx context.Context) error {
		for {
			page, err := api.Undo.Call(ctx, t.client, q)
			t.update(func(now *api.LibraryTask) { addUndone(now, page) })
			if err != nil || page.Next == 0 {
				return err
			}
			q.Before, q.Run = page.Next, page.Run
		}
	})
}

func addUndone(now *api.LibraryTask, page plugin.UndoPage) {
	for _, p := range page.Photos {
		if p.Problem == "" {
			now.Undone.Add(p)
			continue
		}
		now.Refused++
		if len(now.Refusals) < kept {
			now.Refusals = append(now.Refusals, p)
		}
	}
}

// begin runs a task, unless one runs.
func (t *Tasks) begin(task api.LibraryTask, do func(context.Context) error) (api.LibraryTask, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ctx.Err() != nil:
		return api.LibraryTask{}, errors.New("the daemon is stopping")
	case t.now.Running:
		return api.LibraryTask{}, api.Busy(
			fmt.Sprintf("%s is under way since %s", t.now.Kind, t.now.Began.Format(time.DateTime)), "wait until it has ended, or stop it")
	}
	task.Running, task.Began, task.Found = true, time.Now(), map[string]int{}
	ctx, stop := context.WithCancel(t.ctx)
	t.now, t.stop = task, stop
	t.save()
	t.running.Go(func() {
		defer stop()
		err := do(ctx)
		t.update(func(now *api.LibraryTask) {
			now.Running, now.Ended = false, time.Now()
			switch {
			case err == nil || now.Stopped:
			case t.ctx.Err() != nil:
				now.Problem = cut()
			default:
				now.Problem = api.NewProblem(err)
			}
			t.save()
		})
	})
	return t.copied(), nil
}

func (t *Tasks) update(change func(*api.LibraryTask)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.now)
	if t.now.Running && time.Since(t.saved) >= saveEvery {
		t.save()
	}
}
