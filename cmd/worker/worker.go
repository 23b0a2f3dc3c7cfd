// Package worker is where the daemon's photos are processed: an engine with a
// ledger, in a process of its own that may crash ([Supervise]) or in this one
// ([OpenLocal]). Both have the methods that the daemon asks of a worker.
//
// The worker process answers package api's verbs, and those of this package, on
// the connection that it is started with. It is sent the configuration as text,
// as the daemon has read it, and knows nothing of the command line.
package worker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// Options are what a worker is opened with.
type Options struct {
	Config   *config.Config
	Source   Source // of Config
	Registry *ops.Registry
	Version  string             // of Burnish, for provenance
	Verbose  bool               // the worker process logs more
	Share    admission.CPUShare // of the cores that photos may take; the zero value is all
	Log      *slog.Logger

	// Trial opens everything but the ledger, which another worker may hold: to
	// find out whether a configuration works.
	Trial bool
}

// Source is a configuration as the daemon read it, so that an edit since does
// not part it from its worker.
type Source struct {
	File    string            `json:"file"`   // name, for messages
	Folder  string            `json:"folder"` // that relative paths are below
	Text    []byte            `json:"text"`
	Spelled map[string]string `json:"spelled,omitempty"` // as of [config.Config.Spelled]: the sandbox hides the folders around
}

// Description is what there is to tell of a worker once it is open.
type Description struct {
	Steps       map[string][]string // by pipeline: what networks run, and where
	Notice      string              // what became of a damaged ledger; "" for nothing
	Sandbox     string              // that photos are processed in, a line for people
	SystemCalls string              // how they are filtered, a line for people

	// Builds are fingerprints of what decides the files of pipelines, by name: see
	// [plugin.BuildOf].
	Builds map[string]string

	// Identity is the same for workers that do the same work: where a
	// configuration would open such a one, the one that is open may stay.
	Identity string
}

// ErrSuspect is how a photo ends that was under way with others when the worker
// process died: one of them may be the cause.
var ErrSuspect = errors.New("the worker crashed while this photo and others were under way")

// Local is an engine in this process.
type Local struct {
	engine   *plugin.Engine
	identity string
	programs *programs.Launcher
	underway *underway
	former   atomic.Bool // another configuration is in force

	surroundings string // as of [surroundingsOf]
}

// OpenLocal opens an engine in this process.
func OpenLocal(ctx context.Context, o Options) (*Local, error) {
	launcher := programs.New(o.Config.Operators, o.Config.Worker.Sandbox != "off", o.Log)
	options := []plugin.Option{plugin.WithVersion(o.Version), plugin.WithLog(o.Log), plugin.WithPrograms(launcher)}
	if !o.Trial {
		options = append(options, plugin.WithLedger(), plugin.WithDuty(o.Share.Duty))
		if n := o.Share.Cores; n > 0 && n < admission.Cores() {
			if err := admission.ConfineProcess(n); err != nil {
				return nil, err
			}
		}
	}
	engine, err := plugin.Open(ctx, o.Config.Engine(), o.Registry, options...)
	if err != nil {
		return nil, err
	}
	return &Local{engine: engine, programs: launcher, identity: identityOf(o.Config, engine), underway: &underway{}, surroundings: surroundingsOf(o.Config)}, nil
}

// LocalRenewal is a configuration that this process is ready to go on with.
type LocalRenewal struct{ before, next *Local }

// Renew opens what another configuration needs beside what is open. It returns nil
// where that one needs more of the process than other pipelines.
func (l *Local) Renew(ctx context.Context, o Options) (*LocalRenewal, error) {
	if l.surroundings == "" || surroundingsOf(o.Config) != l.surroundings {
		return nil, nil
	}
	engine, err := plugin.Open(ctx, o.Config.Engine(), o.Registry,
		plugin.WithVersion(o.Version), plugin.WithLog(o.Log), plugin.WithPrograms(l.programs), plugin.WithSuccession(l.engine))
	if err != nil {
		return nil, err
	}
	return &LocalRenewal{l, &Local{engine: engine, programs: l.programs, identity: identityOf(o.Config, engine), underway: l.underway, surroundings: l.surroundings}}, nil
}

// Identity is as of [Description].
func (r *LocalRenewal) Identity() string { return r.next.identity }

// TakeOver puts the configuration in force. Photos of the worker before end by what
// they began with; it is closed after them.
func (r *LocalRenewal) TakeOver() (*Local, error) {
	if err := plugin.TakeOver(context.Background(), r.next.engine); err != nil {
		return nil, errors.Join(err, r.Discard())
	}
	r.before.former.Store(true)
	return r.next, nil
}

// Discard gives up what was opened for the configuration.
func (r *LocalRenewal) Discard() error { return r.next.engine.Close() }

// Process processes a photo.
func (l *Local) Process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	ctx, end := l.underway.begin(ctx, j.Path)
	defer end()
	return l.engine.Process(ctx, j)
}

// Capacity is how many photos it takes at a time.
func (l *Local) Capacity() int { return l.engine.Parallel() }

// Describe tells of the engine.
func (l *Local) Describe() Description {
	const own = "photos are processed in the daemon's own process"
	return Description{Steps: l.engine.Describe(), Notice: l.engine.Notice(), Sandbox: "none: " + own, SystemCalls: "not filtered: " + own, Identity: l.identity, Builds: buildsOf(l.engine)}
}

func buildsOf(e *plugin.Engine) map[string]string {
	all := map[string]string{}
	for name := range e.Describe() {
		all[name] = plugin.BuildOf(e, name)
	}
	return all
}

// Records answers the verbs of the records.
func (l *Local) Records() api.Service { return l.underway.service(recordsOf(l.engine)) }

func recordsOf(e *plugin.Engine) *api.Mux {
	m := api.Records(e.Records(), e.Desk())
	api.Pictures(m, e.Viewer())
	return m
}

// Maintain empties the trash and forgets what has gone long ago.
func (l *Local) Maintain(context.Context) error { return maintain(l.engine) }

func maintain(e *plugin.Engine) error {
	now := time.Now()
	return errors.Join(e.EmptyTrash(now), e.DropGone(now))
}

// Failed never sends: this process fails with it.
func (l *Local) Failed() <-chan error { return nil }

// Close closes the engine.
func (l *Local) Close() error {
	if !l.former.Load() {
		defer l.programs.Close()
	}
	return l.engine.Close()
}

// identityOf tells workers apart that may do other work, or elsewhere: by their
// part of the configuration, by the files that their steps, models and ONNX
// Runtime were read from, and by the devices that were found.
func identityOf(c *config.Config, e *plugin.Engine) string {
	digest := sha256.New()
	fmt.Fprintln(digest, c.WorkerDigest(), plugin.Fingerprint(e))
	steps := e.Describe()
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		fmt.Fprintf(digest, "%q %q\n", name, steps[name])
	}
	fmt.Fprint(digest, librariesOf(c))
	return fmt.Sprintf("%x", digest.Sum(nil)[:16])
}

// librariesOf tells the builds of ONNX Runtime that a configuration names.
func librariesOf(c *config.Config) (digest string) {
	for _, library := range append([]string{c.Restore.Runtime.Path()}, c.Restore.Runtime.Providers...) {
		if info, err := os.Stat(library); err == nil {
			digest += fmt.Sprintln(info.Size(), info.ModTime().UnixNano())
		}
	}
	return digest
}
