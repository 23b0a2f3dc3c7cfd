package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/process"
	"github.com/burnish-photo/burnish/plugin/output"
	"gopkg.in/yaml.v3"
)

// Config is what an engine works by. A host begins with [DefaultConfig] and adds
// its pipelines; of the rest it sets what it wants otherwise. Errors name a field
// by its key in a configuration file.
type Config struct {
	// StateDir holds the ledger, the trash and scratch files. An engine with a
	// ledger needs it; without one it may be "".
	StateDir string
	// Folder is the folder that relative paths in steps are below; "": the
	// working directory.
	Folder string

	Pipelines map[string]Pipeline       `yaml:"pipelines"` // by name
	Fragments map[string]graph.Fragment `yaml:"fragments"` // chains of steps that pipelines share, by name

	// Operators are programs that steps may use like operators of the registry, by
	// name. They need [WithPrograms].
	Operators map[string]process.Declaration `yaml:"operators"`

	Restore Restore `yaml:"restore"`
	Limits  Limits  `yaml:"limits"`
	Cache   Cache   `yaml:"cache"`

	// Retention is how long a photo is remembered that is gone with all its
	// outputs; 0: for ever.
	Retention time.Duration

	// KeepReplaced is how long the trash keeps outputs that others replaced, so that
	// an undo can bring them back; 0: they are not kept.
	KeepReplaced time.Duration

	// Routes are the folders that an engine with a ledger serves. Their output
	// folders are made, and what a killed process left in a route's folders is
	// removed. No link leads a job into them.
	Routes []Route
}

// Route is where the photos of one folder go. Paths are absolute.
type Route struct {
	Source     string // folder that photos are taken from
	Output     string // folder that outputs are below
	Originals  string // folder that originals are moved to after success; "": none
	Quarantine string // folder that originals are moved to in quarantine; "": none

	// Canary is the part of 1 of the photos which a changed pipeline is tried on
	// before it has the others; 0: none.
	Canary float64
}

// Cache keeps what networks computed, in the state folder.
type Cache struct {
	Size diag.Size `yaml:"size" range:"0|100MB," help:"space for what networks computed, so that it is not computed again; 0: none"`
}

// Restore says where and with what networks run.
type Restore struct {
	Device        device.List `yaml:"device" help:"auto, cpu, cuda:N, tensorrt:N, another provider, or a list of devices"`
	RequireDevice bool        `yaml:"require_device" help:"fail if the device is unavailable, instead of falling back"`
	Runtime       ONNXRuntime `yaml:"runtime" help:"another build of ONNX Runtime"`
	Models        string      `yaml:"models" kind:"path" help:"folder of exported models, NAME.onnx"`
}

// Validate reports files that are named and not there.
func (r Restore) Validate() error {
	var errs []error
	exists := func(key, path string) {
		_, err := os.Stat(path)
		switch {
		case path == "" || err == nil:
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, diag.InvalidHint(key, "create it or correct the path", "%q does not exist", path))
		default:
			errs = append(errs, diag.Invalid(key, "%v", err))
		}
	}
	exists("models", r.Models)
	exists("runtime.library", r.Runtime.Library)
	for i, p := range r.Runtime.Providers {
		exists(fmt.Sprintf("runtime.providers.%d", i), p)
	}
	return errors.Join(errs...)
}

// ONNXRuntime points at a build of ONNX Runtime.
type ONNXRuntime struct {
	Library   string   `yaml:"library" kind:"path" help:"path of libonnxruntime.so; default: the bundled one"`
	Providers []string `yaml:"providers" kind:"path" help:"libraries of plug-in execution providers"`
}

// Path is the library that r or the environment names, "" for the one that ships.
func (r ONNXRuntime) Path() string { return cmp.Or(r.Library, os.Getenv(onnx.LibraryEnv)) }

// Limits protect the host.
type Limits struct {
	Megapixels  float64   `yaml:"megapixels" range:">0," help:"largest photo"`
	Pages       int       `yaml:"pages" range:"0," help:"largest number of pages of a photo; 0: any number"`
	Bytes       diag.Size `yaml:"bytes" range:"0," help:"largest file; 0: any size"`
	Metadata    diag.Size `yaml:"metadata" range:"0," help:"largest metadata and colour profile, decompressed; 0: any size"`
	Memory      diag.Size `yaml:"memory" range:"0|100MB," help:"memory for all photos in progress; 0: 80 % of what the machine and the cgroup allow"`
	Concurrency int       `yaml:"concurrency" range:"0," help:"photos processed at a time; 0: half the cores, 1 to 4"`
}

// PhotoLimits are limits of one job, in place of the general ones; 0 leaves the
// general one.
type PhotoLimits struct {
	Megapixels float64   `yaml:"megapixels" range:"0," help:"largest photo"`
	Pages      int       `yaml:"pages" range:"0," help:"largest number of pages of a photo"`
	Bytes      diag.Size `yaml:"bytes" range:"0," help:"largest file"`
	Metadata   diag.Size `yaml:"metadata" range:"0," help:"largest metadata and colour profile, decompressed"`
}

// Pipeline is what happens to a photo: the steps, and what is written.
type Pipeline struct {
	Steps   []graph.Step    `yaml:"steps" help:"operators in order, or as a graph of ids"`
	Outputs []output.Config `yaml:"outputs" help:"files to write"`
	Pages   string          `yaml:"pages" help:"what to do with files of several pages or frames: first, all or skip" enum:"first,all,skip,"`
}

// Validate reports a pipeline that would write nothing.
func (p Pipeline) Validate() error {
	if len(p.Outputs) == 0 {
		return diag.Invalid("outputs", "the pipeline has no outputs, so it would write nothing")
	}
	return nil
}

// What a pipeline takes of files with several pages or frames.
const (
	FirstPage = "first" // also where nothing is said
	AllPages  = "all"
	SkipPages = "skip"
)

// DefaultConfig is a configuration without pipelines.
func DefaultConfig() Config {
	return Config{
		Restore:   Restore{Device: device.List{device.Auto}},
		Limits:    Limits{Megapixels: 300, Pages: 1000, Bytes: 2_000_000_000, Metadata: 64_000_000},
		Retention: 365 * 24 * time.Hour,
	}
}

// NewStep is a step that applies an operator. params are its parameters, a
// mapping or a struct with the keys of the configuration; what a mapping leaves
// out, and nil, is the operator's default.
func NewStep(operator string, params any) (graph.Step, error) {
	if params == nil {
		return graph.NewStep(operator, nil), nil
	}
	var node yaml.Node
	if err := node.Encode(params); err != nil {
		return graph.Step{}, fmt.Errorf("parameters of %s: %w", operator, err)
	}
	return graph.NewStep(operator, &node), nil
}

// Graph is the pipeline's graph, with a sink for every output in their order.
func (p Pipeline) Graph(fragments map[string]graph.Fragment) graph.Config {
	g := graph.Config{Steps: p.Steps, Fragments: fragments}
	for i := range p.Outputs {
		o := &p.Outputs[i]
		sink := graph.Sink{From: o.From, Node: o.FromNode(), When: o.When, WhenNode: o.WhenNode()}
		if o.Thumbnail != nil {
			sink.Through = []graph.Step{graph.NewStep("thumbnail", o.Thumbnail)}
		}
		g.Sinks = append(g.Sinks, sink)
	}
	return g
}
