package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker/engines"
	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// The descriptors that a worker process is started with.
const (
	apiDescriptor   = 3 // the daemon's calls
	callsDescriptor = 4 // takes the listener of filtered system calls: see filterCalls
	logDescriptor   = 5 // takes lines of the log: see output

	programsDescriptor = 6 // asks for programs of operators: see programs.Serve
)

// Process is what the worker process runs with.
type Process struct {
	Registry *ops.Registry
	Log      func(verbose bool) *slog.Logger

	FilterCalls bool // filter system calls
	Landlock    int  // version of Landlock in force
}

// Serve is the worker process: it answers the daemon until that closes the
// connection or dies. Where photos are under way then, it does not return but
// ends the process.
func Serve(p Process) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE) // the daemon says when to end
	conn, err := inherited(apiDescriptor)
	if err != nil {
		return fmt.Errorf("burnish run starts this command, nobody else: %w", err)
	}
	programsConn, err := programs.Conn(os.NewFile(programsDescriptor, "programs"))
	if err != nil {
		return err
	}
	s := &server{process: p, programs: programs.NewRemote(programsConn)}
	if p.FilterCalls {
		calls, err := inherited(callsDescriptor)
		if err != nil {
			return err
		}
		s.calls, err = filterCalls(calls.(*net.UnixConn), programsConn, p.Landlock)
		if err = errors.Join(err, calls.Close()); err != nil {
			return err
		}
	}
	api.ServeConn(conn, s.service())
	if s.underway.count() > 0 {
		os.Exit(2) // the daemon is gone: nothing under way may go on
	}
	return nil
}

func inherited(descriptor uintptr) (net.Conn, error) {
	file := os.NewFile(descriptor, "daemon")
	defer file.Close()
	return net.FileConn(file)
}

// server answers the daemon.
type server struct {
	process Process
	setup   setup
	calls   string // how system calls are filtered

	programs ops.Programs

	underway underway

	engines engines.Line
	records atomic.Pointer[api.Service] // of the engine in force

	mu    sync.Mutex
	stale string // a folder whose rule in the sandbox no longer holds

	folders []string // that the sandbox leaves open, as they are at the start
}

func (s *server) service() api.Service {
	m := &api.Mux{}
	openVerb.Handle(m, func(_ context.Context, q setup) (opened, error) {
		o, err := s.open(q)
		if err == nil && !q.Trial {
			m.Handle("/v1/", s.underway.service(api.Latest(func() api.Service { return *s.records.Load() })))
		}
		return o, err
	})
	s.handleSuccession(m)
	processVerb.Handle(m, func(ctx context.Context, o order) (answer, error) { return s.run(ctx, o), nil })
	stalledVerb.Handle(m, func(_ context.Context, q stalledRequest) (stalled, error) {
		return s.watched(q.Timeout), nil
	})
	cancelVerb.Handle(m, func(_ context.Context, q cancelRequest) (cancelled, error) {
		return cancelled{s.underway.cancel(q.Photo)}, nil
	})
	strikeVerb.Handle(m, func(ctx context.Context, d death) (answer, error) { return s.strike(ctx, d), nil })
	maintainVerb.Handle(m, func(context.Context, api.None) (api.None, error) {
		return api.None{}, maintain(s.engines.Current())
	})
	closeVerb.Handle(m, func(context.Context, api.None) (api.None, error) { return api.None{}, s.close() })
	return m
}

// open opens the engine.
func (s *server) open(q setup) (opened, error) {
	c, err := q.Source.parse(s.process.Registry)
	if err != nil {
		return opened{}, err
	}
	if err := limitFiles(c.Worker); err != nil {
		return opened{}, err
	}
	s.setup, s.folders = q, jobFolders(c)
	options := append(s.options(), plugin.WithDuty(q.Duty))
	if q.Trial { // without a ledger, scratch files go to the system's temporary folder
		if err := os.Setenv("TMPDIR", c.StateDir); err != nil {
			return opened{}, err
		}
	} else {
		options = append(options, plugin.WithLedger(), plugin.WithTemporary())
	}
	if q.Again {
		options = append(options, plugin.WithPredecessor())
	}
	engine, err := plugin.Open(context.Background(), c.Engine(), s.process.Registry, options...)
	if err != nil {
		return opened{}, err
	}
	s.engines.Begin(engine)
	s.answerBy(engine)
	return s.describe(c, engine, s.engines.Number()), nil
}

// options are those of every engine of the process.
func (s *server) options() []plugin.Option {
	all := []plugin.Option{plugin.WithVersion(s.setup.Version), plugin.WithLog(s.process.Log(s.setup.Verbose)), plugin.WithPrograms(s.programs)}
	if s.setup.Confined {
		all = append(all, plugin.WithAdvice(s.advise))
	}
	return all
}

// answerBy has the records' verbs answered by an engine.
func (s *server) answerBy(e *plugin.Engine) {
	if e.Records() == nil {
		return // of a trial
	}
	var service api.Service = recordsOf(e)
	s.records.Store(&service)
}

func (s *server) describe(c *config.Config, e *plugin.Engine, number int) opened {
	return opened{Steps: e.Describe(), Capacity: e.Parallel(), Notice: e.Notice(), Calls: s.calls, Identity: identityOf(c, e), Engine: number, Builds: buildsOf(e)}
}

// parse reads the configuration. That a watched folder has gone is the daemon's
// affair.
func (s Source) parse(registry *ops.Registry) (*config.Config, error) {
	c, faults := config.ParseSpelled(s.File, s.Folder, s.Text, registry, s.Spelled)
	errs, _ := faults.Portable().Split()
	return c, errs.Err()
}

// limitFiles bounds how many files this process may have open.
func limitFiles(c config.Worker) error {
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

// run processes a photo, to its end even where the daemon is gone.
func (s *server) run(ctx context.Context, o order) answer {
	engine, done, err := s.engines.Use(o.Engine)
	if err != nil {
		return answer{Problem: api.NewProblem(&plugin.Error{Path: o.Job.Path, Kind: plugin.Stopped, Err: err})}
	}
	defer done()
	ctx, end := s.underway.begin(context.WithoutCancel(ctx), o.Job.Path)
	defer end()
	result, err := engine.Process(ctx, o.Job)
	a := answer{Result: result}
	if err != nil {
		a.Problem = api.NewProblem(err)
		s.mu.Lock()
		a.Stale = s.stale
		s.mu.Unlock()
	}
	return a
}

// strike records a death.
func (s *server) strike(ctx context.Context, d death) answer {
	kind, remedy := plugin.Crashed, "burnish apply tries it in isolation; please report a photo that crashes every time"
	if d.Starved {
		kind, remedy = plugin.Starved, admission.ThisHost.Remedy()
	}
	return answer{Problem: api.NewProblem(s.engines.Current().Strike(ctx, d.Job, kind, errors.New(d.Cause), remedy))}
}

// watched is what the daemon wants to know every few seconds.
func (s *server) watched(timeout time.Duration) stalled {
	answer := stalled{Photo: s.underway.stalled(timeout)}
	if engine := s.engines.Current(); engine != nil {
		answer.Admitted, answer.Limit = engine.Memory()
	}
	return answer
}

// close closes the engines.
func (s *server) close() error { return s.engines.Close() }
