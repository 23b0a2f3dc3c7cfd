package cmd

import (
	"context"
	"errors"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// worker is where the daemon's photos are worked on: an engine with a ledger.
type worker interface {
	process(context.Context, plugin.Job) (plugin.Result, error)
	failures() ([]plugin.Failure, error)
	recall(plugin.Question) (plugin.Recollection, error)
	retry(paths []string) ([]string, error)
	reprocess(where string) ([]string, error)
	tidy() error
	describe() map[string][]string
	parallel() int
	notice() string      // of the ledger
	sandbox() string     // that it is in, a line for people
	calls() string       // how its system calls are filtered, a line for people
	fatal() <-chan error // an error after which no photo can be worked on
	close() error
}

// errSuspect is how a photo ends that was under way with others when the worker
// process died: one of them may be the cause.
var errSuspect = errors.New("the worker process died while this photo and others were under way")

// local is an engine in this process.
type local struct{ engine *plugin.Engine }

func (l local) process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	return l.engine.Process(ctx, j)
}

func (l local) failures() ([]plugin.Failure, error) { return l.engine.Records().Failures() }

func (l local) recall(q plugin.Question) (plugin.Recollection, error) {
	return l.engine.Records().Recall(q)
}

func (l local) retry(paths []string) ([]string, error) { return l.engine.Records().Retry(paths) }

func (l local) reprocess(where string) ([]string, error) {
	w, err := plugin.ParseQuery(where)
	if err != nil {
		return nil, err
	}
	return l.engine.Records().Reprocess(w)
}

func (l local) tidy() error {
	return errors.Join(l.engine.EmptyTrash(time.Now()), l.engine.DropGone(time.Now()))
}

func (l local) describe() map[string][]string { return l.engine.Describe() }

func (l local) parallel() int { return l.engine.Parallel() }

func (l local) sandbox() string { return "none: photos are worked on in the daemon's own process" }

func (l local) calls() string {
	return "not filtered: photos are worked on in the daemon's own process"
}

func (l local) notice() string { return l.engine.Notice() }

func (l local) fatal() <-chan error { return nil }

func (l local) close() error { return l.engine.Close() }
