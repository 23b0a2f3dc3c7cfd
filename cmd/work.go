package cmd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/rpc"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// workerSocket is the worker's end of its connection to the daemon.
const workerSocket = 3

// workCommand is the daemon's worker process; the daemon alone starts it.
type workCommand struct {
	Filter   bool `help:"Filter system calls."`
	Landlock int  `help:"The version of Landlock in force."`
}

// Run serves the daemon until it closes the connection or dies.
func (c workCommand) Run(h *host) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // the daemon says when to end
	outliveReaders()
	file := os.NewFile(workerSocket, "daemon")
	conn, err := net.FileConn(file)
	if err != nil {
		return fmt.Errorf("burnish run starts this command, nobody else: %w", err)
	}
	file.Close()
	w := &Worker{host: h, began: map[string]time.Time{}}
	if c.Filter {
		if w.calls, err = filterCalls(conn.(*net.UnixConn), c.Landlock); err != nil {
			return err
		}
	}
	server := rpc.NewServer()
	if err := server.RegisterName("Worker", w); err != nil {
		return err
	}
	server.ServeConn(conn)
	if w.under() > 0 {
		os.Exit(exitUnable) // the daemon is gone: nothing under way may go on
	}
	return nil
}

// Worker is what the daemon may ask of its worker process. An engine is opened
// first.
type Worker struct {
	host   *host
	engine local
	calls  string // how system calls are filtered

	mu    sync.Mutex
	began map[string]time.Time // photos under way: their latest progress
	stale string               // a folder whose rule in the sandbox does not hold any more

	folders []string // that the sandbox leaves open, as they are at the start
}

// Setup is what a worker opens its engine with. The configuration comes as the
// daemon read it, so that an edit since does not part the two.
type Setup struct {
	Command runCommand
	File    string
	Text    []byte
	Spelled map[string]string // as of [config.Config.Spelled]: the sandbox hides the folders around
	Verbose bool

	Confined bool // by a sandbox
}

// Opened is how the worker stands.
type Opened struct {
	Steps    map[string][]string
	Parallel int
	Notice   string // of the ledger
	Calls    string // how system calls are filtered
}

// Open opens the engine.
func (w *Worker) Open(s Setup, o *Opened) error {
	w.host.verbose = s.Verbose
	c, err := s.configuration(w.host)
	if err != nil {
		return err
	}
	if err := limit(c.Worker); err != nil {
		return err
	}
	options := []plugin.Option{plugin.WithLedger(), plugin.WithTemporary(), plugin.WithVersion(release()), plugin.WithLog(w.host.logger())}
	if s.Confined {
		w.folders = jobFolders(c)
		options = append(options, plugin.WithAdvice(w.advise))
	}
	engine, err := plugin.Open(context.Background(), c.Engine(), w.host.registry, options...)
	if err != nil {
		return err
	}
	w.engine = local{engine}
	*o = Opened{Steps: engine.Describe(), Parallel: engine.Parallel(), Notice: engine.Notice(), Calls: w.calls}
	return nil
}

func (s Setup) configuration(h *host) (*config.Config, error) {
	// That a watched folder has gone is the daemon's affair.
	if s.File == "" {
		c, err := s.Command.configuration(h)
		if c != nil && len(diag.Locate(nil, err).Portable()) == 0 {
			err = nil
		}
		return c, err
	}
	folder, err := filepath.Abs(filepath.Dir(s.File))
	if err != nil {
		return nil, err
	}
	c, faults := config.ParseSpelled(s.File, folder, s.Text, h.registry, s.Spelled)
	errs, _ := faults.Portable().Split()
	return c, errs.Err()
}

// limit bounds what this process may take.
func limit(c config.Worker) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		return err
	}
	n := min(uint64(c.MaxOpenFiles), now.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		return fmt.Errorf("worker.max_open_files: %w", err)
	}
	return nil
}

// Answer is how a photo ended.
type Answer struct {
	Result  plugin.Result
	Failure *Failure
	Error   string // of a job that makes no sense
	Stale   string // a folder whose rule in the sandbox does not hold any more
}

// Failure is a [plugin.Error] on its way.
type Failure struct {
	Path, Reason, Hint string
	Kind               plugin.Kind
	Quarantined, Own   bool
}

func failureOf(e *plugin.Error) *Failure {
	return &Failure{e.Path, e.Err.Error(), e.Hint, e.Kind, e.Quarantined, e.Own}
}

func (f *Failure) error() *plugin.Error {
	return &plugin.Error{Path: f.Path, Kind: f.Kind, Err: errors.New(f.Reason), Hint: f.Hint, Quarantined: f.Quarantined, Own: f.Own}
}

// Process works on a photo.
func (w *Worker) Process(j plugin.Job, a *Answer) error {
	w.advance(j.Path)
	defer w.ended(j.Path)
	ctx := ops.WithProgress(context.Background(), func() { w.advance(j.Path) })
	result, err := w.engine.process(ctx, j)
	a.Result = result
	var failure *plugin.Error
	switch {
	case errors.As(err, &failure):
		a.Failure = failureOf(failure)
		w.mu.Lock()
		a.Stale = w.stale
		w.mu.Unlock()
	case err != nil:
		a.Error = err.Error()
	}
	return nil
}

func (w *Worker) advance(photo string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began[photo] = time.Now()
}

func (w *Worker) ended(photo string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.began, photo)
}

func (w *Worker) under() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.began)
}

// Stalled names a photo that has made no progress for that long, or "".
func (w *Worker) Stalled(d time.Duration, photo *string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for path, at := range w.began {
		if time.Since(at) > d {
			*photo = path
		}
	}
	return nil
}

// Death is the end of a worker by one photo.
type Death struct {
	Job     plugin.Job
	Cause   string
	Starved bool // for want of memory, which is not the photo's fault
}

// Strike records a death.
func (w *Worker) Strike(d Death, f *Failure) error {
	kind, remedy := plugin.Crashed, "burnish apply tries it in isolation; please report a photo that crashes every time"
	if d.Starved {
		kind, remedy = plugin.Starved, admission.ThisHost.Remedy()
	}
	*f = *failureOf(w.engine.engine.Strike(context.Background(), d.Job, kind, errors.New(d.Cause), remedy))
	return nil
}

// Failures lists the failures.
func (w *Worker) Failures(_ None, a *Failures) (err error) {
	a.Failures, err = w.engine.failures()
	return err
}

// Recall tells what is known of a photo.
func (w *Worker) Recall(q plugin.Question, a *plugin.Recollection) (err error) {
	*a, err = w.engine.recall(q)
	return err
}

// Retry forgets failures.
func (w *Worker) Retry(paths []string, a *Photos) error {
	*a = photosOf(w.engine.retry(paths))
	return nil
}

// Reprocess forgets what was done.
func (w *Worker) Reprocess(where string, a *Photos) error {
	*a = photosOf(w.engine.reprocess(where))
	return nil
}

// Tidy clears away what is old.
func (w *Worker) Tidy(None, *None) error { return w.engine.tidy() }

// Close closes the engine.
func (w *Worker) Close(None, *None) error {
	if w.engine.engine == nil {
		return nil
	}
	return w.engine.close()
}

// allowance is the memory that a worker may hold: a share of what the
// machine and the cgroup have where it is not set.
func allowance(c config.Worker) diag.Size {
	if most := admission.ThisHost.WorkerMemory(int64(c.Memory)); most > 0 {
		return diag.Size(most)
	}
	return math.MaxInt64 // this system does not tell
}
