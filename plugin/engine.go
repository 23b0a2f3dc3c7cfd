package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/process"
	"github.com/burnish-photo/burnish/plugin/adhoc"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/cache"
	"github.com/burnish-photo/burnish/plugin/canary"
	"github.com/burnish-photo/burnish/plugin/change"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/review"
	"github.com/burnish-photo/burnish/plugin/sampling"
	"github.com/burnish-photo/burnish/plugin/undo"
)

// Engine runs the pipelines of one configuration. Its methods may be called
// from several goroutines.
type Engine struct {
	config     Config
	pipelines  map[string]*pipeline
	history    *history.History
	unrecorded *history.History // of jobs that no records are kept of
	*shared
	before     *shared        // of the engine whose place this one is to take
	onlyOpen   bool           // no network is opened that is not open in this process
	remember   bool           // there is to be one
	only       []string       // pipelines to compile; none: all
	recognize  bool           // what is done is known by the outputs themselves, where there is no ledger
	temporary  bool           // the whole process's temporary files go to scratch
	successor  bool           // another engine of the host had the ledger before
	rates      sampling.Rates // as [Engine.Plan] has measured
	log        *slog.Logger
	version    string // of the host, for the outputs' provenance
	background sync.WaitGroup
	stop       context.CancelFunc // of what runs in the background
	advise     func(*Error)
	programs   ops.Programs            // nil: none is started
	inline     *adhoc.Shelf[*pipeline] // of jobs that bring their own
}

// shared is what an engine has in common with those that take its place while
// jobs of its own are still under way.
type shared struct {
	claims     *naming.Claims
	store      history.Store // nil: every job runs
	shelf      *review.Shelf // of results that wait for review; nil without a store
	viewer     *Viewer       // nil without a store
	tempPrefix staging.TempPrefix
	scratch    string
	turns      turns
	memory     *admission.MemoryLimiter
	cache      ops.Cache // nil: none
	notice     string    // of the ledger, from opening
	engines    atomic.Int32
}

// close closes what is shared once the last engine has gone.
func (s *shared) close() (errs []error) {
	if s.engines.Add(-1) > 0 {
		return nil
	}
	if s.viewer != nil {
		s.viewer.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.scratch != "" {
		errs = append(errs, os.RemoveAll(s.scratch))
	}
	return errs
}

// pipeline is one compiled pipeline.
type pipeline struct {
	name    string
	graph   *graph.Graph
	outputs []output.Config
	pages   string // what is taken of files with several

	settings string // fingerprint of what the configuration says of steps and outputs
	build    string // fingerprint of models and operator versions
	mixed    string // fingerprint of both, which older provenance has
	version  history.Version
}

// register lets a ledger know the pipelines as they are now.
// Changes that are tried on a sample first are known as such from then on.
func register(ctx context.Context, e *Engine) error {
	var now []history.Version
	for _, p := range e.pipelines {
		now = append(now, p.version)
	}
	if err := change.Register(e.store, now, time.Now()); err != nil {
		return err
	}
	shares := map[string]float64{}
	for _, r := range e.config.Routes {
		if r.Canary > 0 {
			shares[r.Source] = r.Canary
		}
	}
	return canary.Begin(ctx, e.store, shares, time.Now())
}

// Option changes how [Open] makes an engine.
type Option func(*Engine)

// WithLog sends the engine's log to l instead of slog's default.
func WithLog(l *slog.Logger) Option { return func(e *Engine) { e.log = l } }

// WithVersion names the version of the host, which outputs bear in their
// provenance.
func WithVersion(v string) Option { return func(e *Engine) { e.version = v } }

// WithLedger makes the engine remember its work in the configuration's state
// folder, which is the engine's alone until it is closed.
func WithLedger() Option { return func(e *Engine) { e.remember = true } }

// WithPredecessor says that another engine of the host had the same ledger and
// pipelines before: what that one has said of older results is not said again.
func WithPredecessor() Option { return func(e *Engine) { e.successor = true } }

// WithSuccession lets the engine take the place of another of this process while
// jobs of that one are still under way, which end by it. The two share records,
// names of outputs, memory and turns as the first was opened with: the
// configurations differ in nothing but pipelines, what these refer to, and routes.
// Jobs of the new one begin after [TakeOver]. Each is closed after its own jobs, in
// any order.
func WithSuccession(before *Engine) Option { return func(e *Engine) { e.before = before.shared } }

// WithOpenNetworks opens no network: [Open] fails with [ops.ErrNotOpen] where one is
// needed that no engine of this process has open.
func WithOpenNetworks() Option { return func(e *Engine) { e.onlyOpen = true } }

// WithTemporary lets all temporary files of the process, those of libraries
// among them, go to the engine's scratch folder. A process may have one such
// engine.
func WithTemporary() Option { return func(e *Engine) { e.temporary = true } }

// WithAdvice has advise look at every failure of a job before it is recorded.
// It may change what is to be done about it and the kind. Several jobs may call
// it at a time.
func WithAdvice(advise func(*Error)) Option { return func(e *Engine) { e.advise = advise } }

// WithPrograms starts the programs of [Config.Operators] by p, which the host
// closes after the engine.
func WithPrograms(p ops.Programs) Option { return func(e *Engine) { e.programs = p } }

// WithDuty lets photos be worked on for that part of the time, above 0 to 1: after
// each, its place rests. See [admission.CPUShare].
func WithDuty(duty float64) Option { return func(e *Engine) { e.turns.duty = duty } }

// WithPipelines compiles only the pipelines named.
func WithPipelines(names ...string) Option { return func(e *Engine) { e.only = names } }

// WithRecognition lets an engine without a ledger know by the outputs themselves
// what is done: a photo is skipped whose outputs are all there and say that they
// are this pipeline's of this content, to the byte as they were written. Outputs
// of the same photo that are not may be replaced.
func WithRecognition() Option { return func(e *Engine) { e.recognize = true } }

// WithSources names files, by absolute path, that no output may replace
// whatever a job allows.
func WithSources(paths ...string) Option {
	return func(e *Engine) { e.claims = naming.NewClaims(paths...) }
}

// WithRecall lets [Engine.Plan] ask a ledger that the engine does not have open.
func WithRecall(ask func(Question) (Answer, error)) Option {
	return func(e *Engine) { e.history.Reader = history.Asked(ask) }
}

// Open compiles the pipelines of c, loading their models. Without [WithLedger]
// and [WithRecognition] each job runs, whatever was done before, and the engine
// remembers the names of the outputs it made until it is closed.
func Open(ctx context.Context, c Config, reg *ops.Registry, options ...Option) (_ *Engine, err error) {
	if err := diag.Check(c); err != nil {
		return nil, err
	}
	share := admission.DivideCPU(c.Limits.Concurrency, admission.Cores())
	e := &Engine{
		config: c, pipelines: map[string]*pipeline{}, log: slog.Default(),
		history: &history.History{}, unrecorded: &history.History{Forget: true},
		shared: &shared{claims: naming.NewClaims(), tempPrefix: staging.Stateless, turns: turns{slots: make(chan struct{}, share.Photos), busy: map[turn]chan struct{}{}}},
	}
	for _, o := range options {
		o(e)
	}
	if e.before != nil {
		e.shared = e.before
	}
	e.engines.Add(1)
	e.history.Log, e.history.StateDir, e.history.Recognize, e.history.IsCurrent = e.log, c.StateDir, e.recognize, func(settings string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Values(e.pipelines)), func(p *pipeline) bool { return p.settings == settings })
	}
	e.unrecorded.Log, e.unrecorded.StateDir, e.unrecorded.Recognize, e.unrecorded.IsCurrent = e.log, c.StateDir, e.recognize, e.history.IsCurrent
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	if err := openPlaces(ctx, e); err != nil {
		return nil, err
	}
	env := ops.Env{
		Log: e.log, Folder: c.Folder, Models: c.Restore.Models,
		Devices: c.Restore.Device, Require: c.Restore.RequireDevice, Threads: share.Networks,
		InMemory: admission.InMemory, Scratch: e.scratch,
		Programs: e.programs, Cache: e.cache, OnlyOpen: e.onlyOpen,
		Networks: func() error { return StartRestoration(c.Restore.Runtime.Library, c.Restore.Runtime.Providers) },
	}
	if len(c.Operators) > 0 {
		if reg, err = reg.With(process.Specs(c.Operators)...); err != nil {
			return nil, err
		}
	}
	for name, p := range c.Pipelines {
		if len(e.only) > 0 && !slices.Contains(e.only, name) {
			continue
		}
		if e.pipelines[name], err = e.compile(ctx, name, p, reg, env); err != nil {
			delete(e.pipelines, name)
			return nil, err
		}
	}
	e.inline = adhoc.New(maxInline, func(ctx context.Context, text string) (*pipeline, error) {
		return compileInline(ctx, e, text, reg, env)
	}, func(p *pipeline) error { return p.graph.Close() })
	if e.before != nil {
		return e, nil
	}
	e.memory = admission.NewMemoryLimiter(admission.ThisHost, int64(c.Limits.Memory), e.log)
	if e.store != nil {
		if err := register(ctx, e); err != nil {
			return nil, err
		}
		e.viewer = newViewer(e)
		background, stop := context.WithCancel(context.WithoutCancel(ctx))
		e.stop = stop
		if !e.successor {
			e.background.Go(func() { tellOlder(background, e) })
		}
	}
	return e, nil
}

// TakeOver lets the ledger know the pipelines of an engine that was opened with
// [WithSuccession]: from now on they are those in force.
func TakeOver(ctx context.Context, e *Engine) error {
	if e.store == nil {
		return nil
	}
	return register(ctx, e)
}

// openPlaces opens what the engine keeps things in: the ledger, the folders of its
// routes, scratch and cache. One that succeeds another has that one's.
func openPlaces(ctx context.Context, e *Engine) (err error) {
	if e.before != nil {
		remember(e)
		return makeOutputs(e, false)
	}
	scratch := "" // among the system's temporary files
	if e.remember {
		scratch = e.config.StateDir
		if err := openLedger(ctx, e); err != nil {
			return err
		}
		if err := prepareFolders(e); err != nil {
			return err
		}
	}
	if e.scratch, err = os.MkdirTemp(scratch, scratchPrefix); err != nil {
		return fmt.Errorf("make a scratch folder: %w", err)
	}
	if e.temporary {
		if err := os.Setenv("TMPDIR", e.scratch); err != nil {
			return err
		}
	}
	if e.config.Cache.Size > 0 && e.config.StateDir != "" {
		e.cache = cache.Open(cache.Options{Folder: CacheFolder(e.config.StateDir), Size: int64(e.config.Cache.Size), InMemory: admission.InMemory, Scratch: e.scratch, Log: e.log})
	}
	return nil
}

// remember has the engine's history ask and tell its store.
func remember(e *Engine) {
	if e.store != nil {
		e.history.Store, e.history.Reader, e.history.Temporary = e.store, e.store, e.tempPrefix
	}
}

func openLedger(ctx context.Context, e *Engine) error {
	l, err := ledger.Open(e.config.StateDir)
	if advice := AdviseWrite(err, e.config.StateDir); advice != "" {
		return fmt.Errorf("%w; %s", err, advice)
	}
	if err != nil {
		return err
	}
	e.store, e.tempPrefix = l, staging.PrefixOf(e.config.StateDir)
	if err := (&undo.Undoer{Store: l, StateDir: e.config.StateDir}).Resume(ctx); err != nil {
		e.log.Warn("what a crash has cut off waits", "error", err)
	}
	remember(e)
	e.shelf = review.NewShelf(e.config.StateDir, e.log)
	if e.notice = l.Notice(); e.notice != "" {
		e.log.Warn(e.notice)
	}
	if news := l.News(); news != "" {
		e.log.Info(news)
	}
	return nil
}

func (e *Engine) compile(ctx context.Context, name string, p Pipeline, reg *ops.Registry, env ops.Env) (*pipeline, error) {
	g, err := graph.Compile(ctx, p.Graph(e.config.Fragments), reg, env)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", name, err)
	}
	compiled := &pipeline{name: name, graph: g, outputs: p.Outputs, pages: p.Pages, settings: fingerprint(name, g.Settings(), p), build: g.Build(), mixed: fingerprint(name, g.Fingerprint(), p)}
	compiled.version = change.Pipeline{Name: name, Settings: compiled.settings, Build: compiled.build, Graph: g, Outputs: p.Outputs, Pages: p.Pages}.Version()
	return compiled, nil
}

// fingerprint covers all that decides a pipeline's files, their names included.
func fingerprint(name, steps string, p Pipeline) string {
	digest := sha256.New()
	fmt.Fprintf(digest, "%q %s\n", name, steps)
	for i := range p.Outputs {
		fmt.Fprintln(digest, p.Outputs[i].Fingerprint())
	}
	fmt.Fprintln(digest, p.Pages)
	return hex.EncodeToString(digest.Sum(nil))
}

// Fingerprint covers all that decides the files of an engine's pipelines, what
// comes with a release and with models among it.
func Fingerprint(e *Engine) string {
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(e.pipelines)) {
		fmt.Fprintln(digest, e.pipelines[name].mixed)
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// Describe says of every pipeline what its operators report of themselves,
// such as a model and the device that it runs on.
func (e *Engine) Describe() map[string][]string {
	all := map[string][]string{}
	for name, p := range e.pipelines {
		all[name] = p.graph.Describe()
	}
	return all
}

// Notice is what there is to know of the ledger since it was opened, such as that
// it was damaged; "" where there is nothing.
func (e *Engine) Notice() string { return e.notice }

// Memory are the bytes that photos under way are predicted to need, and the limit
// of those; 0: there is none.
func (e *Engine) Memory() (admitted, limit int64) { return e.memory.Figures() }

// Parallel is the number of photos that are worked on at a time.
func (e *Engine) Parallel() int { return cap(e.turns.slots) }

// tellOlder logs how many results were made by models or operators of other
// versions. They stay until somebody asks for them anew.
func tellOlder(ctx context.Context, e *Engine) {
	found, err := change.Count(ctx, e.store, true)
	if err != nil && ctx.Err() == nil {
		e.log.Warn("older results cannot be counted", "error", err)
	}
	if found.Older > 0 && err == nil {
		e.log.Info("results of older models or operators stay as they are; burnish reprocess makes them anew", "results", found.Older)
	}
}

// Close waits for no job: the host lets its jobs end first.
func (e *Engine) Close() error {
	if e.stop != nil {
		e.stop()
		e.background.Wait()
	}
	var errs []error
	for _, p := range e.pipelines {
		errs = append(errs, p.graph.Close())
	}
	if e.inline != nil {
		errs = append(errs, e.inline.Close()...)
	}
	return errors.Join(append(errs, e.shared.close()...)...)
}

// providerName is the name that a plug-in library is registered under.
func providerName(path string) string {
	name := strings.TrimPrefix(filepath.Base(path), "lib")
	name, _, _ = strings.Cut(name, ".")
	return name
}
