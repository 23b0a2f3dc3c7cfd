// Package config is the whole YAML file: it composes the settings that other
// packages own, resolves paths against the file's folder and reports every
// fault at once. It starts nothing.
package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/watcher"
	"gopkg.in/yaml.v3"
)

// Config is a configuration file, with absolute paths and defaults filled in.
type Config struct {
	Version    int                 `yaml:"version" help:"version of the file format: 1"`
	StateDir   string              `yaml:"state_dir" kind:"path" help:"folder for ledger, status and scratch files; default: burnish in the XDG state folder"`
	Watch      []Watch             `yaml:"watch" help:"watched folders"`
	Restore    Restore             `yaml:"restore" help:"where networks run and which models they use"`
	Limits     Limits              `yaml:"limits" help:"limits that protect the host"`
	Worker     Worker              `yaml:"worker" help:"the process that decodes and restores photos"`
	Ledger     Ledger              `yaml:"ledger" help:"what is remembered of photos"`
	QuietHours []Hours             `yaml:"quiet_hours" help:"hours in which no photo is started, such as 22:00-06:00"`
	Pipelines  map[string]Pipeline `yaml:"pipelines" help:"pipelines by name"`

	// Fragments are chains of steps that pipelines share.
	Fragments map[string]graph.Fragment `yaml:"fragments" help:"chains of steps that pipelines share, by name"`

	file   string
	folder string // that relative paths are below
	root   *yaml.Node

	spelled map[string]string // paths that are not ASCII, as the file system spells them
}

// Ledger is what is remembered of photos.
type Ledger struct {
	Retention time.Duration `yaml:"retention" range:"0|24h," help:"how long a photo is remembered after it and all its outputs are gone; 0: for ever"`
}

// Watch is one watched folder.
type Watch struct {
	watcher.Config `yaml:",inline"`
	Pipeline       string       `yaml:"pipeline" help:"name of the pipeline for its photos"`
	Output         string       `yaml:"output" kind:"path" help:"output folder; must not be, or contain, a watched folder"`
	AllowFormats   []string     `yaml:"allow_formats" help:"further formats to read, whose decoders are not safe for files of unknown origin"`
	Priority       int          `yaml:"priority" help:"priority over other folders; a minute of waiting counts as one step"`
	Limits         FolderLimits `yaml:"limits" help:"limits of this folder, in place of the general ones"`
	OnSuccess      OnSuccess    `yaml:"on_success" help:"what happens to an original after success: keep (default), {move: FOLDER} or {trash: 720h}; sidecars: keep leaves its sidecars behind"`
	OnQuarantine   OnQuarantine `yaml:"on_quarantine" help:"what happens to an original in quarantine"`
}

// OnQuarantine says what becomes of an original in quarantine.
type OnQuarantine struct {
	Move string `yaml:"move" kind:"path" help:"folder to move it to; default: it stays in place"`
}

// Restore says where and with what networks run.
type Restore struct {
	Device        device.List `yaml:"device" help:"auto, cpu, cuda:N, tensorrt:N, another provider, or a list of devices"`
	RequireDevice bool        `yaml:"require_device" help:"fail if the device is unavailable, instead of falling back"`
	Runtime       Runtime     `yaml:"runtime" help:"another build of ONNX Runtime"`
	Models        string      `yaml:"models" kind:"path" help:"folder of exported models, NAME.onnx"`
}

// Runtime points at a build of ONNX Runtime.
type Runtime struct {
	Library   string   `yaml:"library" kind:"path" help:"path of libonnxruntime.so; default: the bundled one"`
	Providers []string `yaml:"providers" kind:"path" help:"libraries of plug-in execution providers"`
}

// Limits protect the host.
type Limits struct {
	Megapixels     float64   `yaml:"megapixels" range:">0," help:"largest photo"`
	Pages          int       `yaml:"pages" range:"0," help:"largest number of pages of a photo; 0: any number"`
	Bytes          diag.Size `yaml:"bytes" help:"largest file; 0: any size"`
	Metadata       diag.Size `yaml:"metadata" help:"largest metadata and colour profile, decompressed; 0: any size"`
	Memory         diag.Size `yaml:"memory" range:"0|100MB," help:"memory for all photos in progress; 0: 80 % of what the machine and the cgroup allow"`
	Concurrency    int       `yaml:"concurrency" range:"0," help:"photos processed at a time; 0: half the cores, 1 to 4"`
	QueuePerFolder int       `yaml:"queue_per_folder" range:"1," help:"photos of each watched folder that wait in memory; further ones are added as these finish"`
	MinFreeSpace   diag.Size `yaml:"min_free_space" help:"space that must be free for outputs and state before a photo is started"`
}

// FolderLimits are limits of one watched folder's photos, in place of the
// general ones; 0 leaves the general one.
type FolderLimits struct {
	Megapixels float64   `yaml:"megapixels" range:"0," help:"largest photo"`
	Pages      int       `yaml:"pages" range:"0," help:"largest number of pages of a photo"`
	Bytes      diag.Size `yaml:"bytes" help:"largest file"`
	Metadata   diag.Size `yaml:"metadata" help:"largest metadata and colour profile, decompressed"`
}

// Pipeline is what happens to a photo: the steps, and what is written.
type Pipeline struct {
	Steps   []graph.Step    `yaml:"steps" help:"operators in order, or as a graph of ids"`
	Outputs []output.Config `yaml:"outputs" help:"files to write"`
	Pages   string          `yaml:"pages" help:"what to do with files of several pages or frames: first, all or skip" enum:"first,all,skip,"`
}

// What a pipeline takes of files with several pages or frames.
const (
	FirstPage = "first" // also where nothing is said
	AllPages  = "all"
	SkipPages = "skip"
)

// Graph is the pipeline's graph, with a sink for every output in their order.
func (c *Config) Graph(p Pipeline) graph.Config {
	g := graph.Config{Steps: p.Steps, Fragments: c.Fragments}
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

// defaults is a Config before a file is decoded over it.
func defaults() Config {
	return Config{
		Version: 1,
		Worker:  defaultWorker(),
		Ledger:  Ledger{Retention: 365 * 24 * time.Hour},
		Restore: Restore{Device: device.List{device.Auto}},
		Limits:  Limits{Megapixels: 300, Pages: 1000, Bytes: 2_000_000_000, Metadata: 64_000_000, QueuePerFolder: 10_000, MinFreeSpace: 256 << 20},
	}
}

// Load reads a file. faults are all that is wrong with it, warnings among
// them; the Config is usable where there are no others. err is a file that
// cannot be read.
func Load(file string, reg *ops.Registry) (c *Config, faults diag.Diagnostics, err error) {
	data, err := diag.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the configuration: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, nil, err
	}
	c, faults = Parse(file, folder, data, reg)
	return c, faults, nil
}

// Parse reads data as the content of file; relative paths are below folder.
func Parse(file, folder string, data []byte, reg *ops.Registry) (*Config, diag.Diagnostics) {
	return ParseSpelled(file, folder, data, reg, nil)
}

// ParseSpelled is Parse with the paths spelled as another process has found
// them, which [Config.Spelled] tells, for one that may not list the folders.
func ParseSpelled(file, folder string, data []byte, reg *ops.Registry, spelled map[string]string) (*Config, diag.Diagnostics) {
	root, err := diag.Parse(file, data)
	if err != nil {
		var faults diag.Diagnostics
		if !errors.As(err, &faults) {
			faults = diag.Diagnostics{{File: file, Message: err.Error()}}
		}
		return nil, faults
	}
	c := defaults()
	c.file, c.folder, c.root = file, folder, root
	c.spelled = maps.Clone(spelled)
	c.Version = 0
	faults := append(rename(root), diag.Decode(root, &c)...)
	c.resolve(folder)
	return &c, append(faults, c.Check(reg)...).In(file)
}

// resolve makes paths absolute, taking relative ones below folder, and spells
// them as the file system does.
func (c *Config) resolve(folder string) {
	absolute := func(path *string) {
		switch {
		case *path == "":
		case filepath.IsAbs(*path):
			*path = filepath.Clean(*path)
		default:
			*path = filepath.Join(folder, *path)
		}
		*path = c.spell(*path)
	}
	if c.StateDir == "" {
		c.StateDir = defaultStateDir()
	}
	absolute(&c.StateDir)
	for i := range c.Watch {
		absolute(&c.Watch[i].Folder)
		absolute(&c.Watch[i].Output)
		absolute(&c.Watch[i].OnQuarantine.Move)
		absolute(&c.Watch[i].OnSuccess.Move)
	}
	absolute(&c.Restore.Models)
	absolute(&c.Restore.Runtime.Library)
	for _, list := range [][]string{c.Restore.Runtime.Providers, c.Worker.Read, c.Worker.Write} {
		for i := range list {
			absolute(&list[i])
		}
	}
}

// Folder is the folder that relative paths are below.
func (c *Config) Folder() string { return c.folder }
