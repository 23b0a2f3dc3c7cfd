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
	Version    int                 `yaml:"version" help:"of the file's format: 1"`
	StateDir   string              `yaml:"state_dir" kind:"path" help:"folder for the ledger and scratch files; default: burnish in the XDG state folder"`
	Watch      []Watch             `yaml:"watch" help:"watched folders"`
	Restore    Restore             `yaml:"restore" help:"where and with what networks run"`
	Limits     Limits              `yaml:"limits" help:"what protects the host"`
	Worker     Worker              `yaml:"worker" help:"the process that photos are worked on in"`
	Ledger     Ledger              `yaml:"ledger" help:"what is remembered of photos"`
	QuietHours []Hours             `yaml:"quiet_hours" help:"hours of the day in which no photo begins, such as 22:00-06:00"`
	Pipelines  map[string]Pipeline `yaml:"pipelines" help:"by a name of your own"`

	// Fragments are chains of steps that pipelines share.
	Fragments map[string]graph.Fragment `yaml:"fragments" help:"chains of steps that pipelines share, by a name of your own"`

	file   string
	folder string // that relative paths are below
	root   *yaml.Node

	spelled map[string]string // paths that are not ASCII, as the file system spells them
}

// Ledger is what is remembered of photos.
type Ledger struct {
	Retention time.Duration `yaml:"retention" range:"0|24h," help:"how long a photo is remembered that is gone with all its outputs; 0: for ever"`
}

// Watch is one watched folder.
type Watch struct {
	watcher.Config `yaml:",inline"`
	Pipeline       string       `yaml:"pipeline" help:"the pipeline that photos go through"`
	Output         string       `yaml:"output" kind:"path" help:"folder that the outputs' paths are below; it must not be or hold a watched folder"`
	AllowFormats   []string     `yaml:"allow_formats" help:"formats taken in here although what reads them is not safe for files of unknown origin"`
	Priority       int          `yaml:"priority" help:"of its photos over other folders'; a minute of waiting is worth one step"`
	Limits         FolderLimits `yaml:"limits" help:"limits of the photos of this folder, in place of the general ones"`
	OnSuccess      OnSuccess    `yaml:"on_success" help:"what becomes of an original once its outputs are on the disk: keep (the default), {move: FOLDER} or {trash: 720h}; with sidecars: keep they stay behind"`
	OnQuarantine   OnQuarantine `yaml:"on_quarantine" help:"what becomes of an original in quarantine"`
}

// OnQuarantine says what becomes of an original in quarantine.
type OnQuarantine struct {
	Move string `yaml:"move" kind:"path" help:"folder that it is moved to; default: it stays"`
}

// Restore says where and with what networks run.
type Restore struct {
	Device        device.List `yaml:"device" help:"auto, cpu, cuda:N, tensorrt:N, another provider, or a list of devices"`
	RequireDevice bool        `yaml:"require_device" help:"fail where the device cannot be had, instead of falling back"`
	Runtime       Runtime     `yaml:"runtime" help:"another build of ONNX Runtime"`
	Models        string      `yaml:"models" kind:"path" help:"folder of further exported models, NAME.onnx"`
}

// Runtime points at a build of ONNX Runtime.
type Runtime struct {
	Library   string   `yaml:"library" kind:"path" help:"libonnxruntime.so; default: the one that ships"`
	Providers []string `yaml:"providers" kind:"path" help:"plug-in execution provider libraries"`
}

// Limits protect the host.
type Limits struct {
	Megapixels     float64   `yaml:"megapixels" range:">0," help:"larger photos are refused from their header"`
	Pages          int       `yaml:"pages" range:"0," help:"photos of more pages are refused from their header; 0: any number"`
	Bytes          diag.Size `yaml:"bytes" help:"longer files are refused before they are read; 0: any length"`
	Metadata       diag.Size `yaml:"metadata" help:"photos whose metadata and colour profile unfold to more are refused before they are decoded; 0: any amount"`
	Memory         diag.Size `yaml:"memory" range:"0|100MB," help:"memory that the photos under way may take; 0: what the machine and the cgroup allow"`
	Concurrency    int       `yaml:"concurrency" range:"0," help:"photos worked on at a time; 0: by the number of cores"`
	QueuePerFolder int       `yaml:"queue_per_folder" range:"1," help:"photos of each watched folder that wait in memory; further ones are taken up as these are done"`
	MinFreeSpace   diag.Size `yaml:"min_free_space" help:"what has to be free below the output and state folders before a photo begins"`
}

// FolderLimits are limits of one watched folder's photos, in place of the
// general ones; 0 leaves the general one.
type FolderLimits struct {
	Megapixels float64   `yaml:"megapixels" range:"0," help:"larger photos are refused from their header"`
	Pages      int       `yaml:"pages" range:"0," help:"photos of more pages are refused from their header"`
	Bytes      diag.Size `yaml:"bytes" help:"longer files are refused before they are read"`
	Metadata   diag.Size `yaml:"metadata" help:"photos whose metadata and colour profile unfold to more are refused before they are decoded"`
}

// Pipeline is what happens to a photo: the steps, and what is written.
type Pipeline struct {
	Steps   []graph.Step    `yaml:"steps" help:"what happens to a photo, one after the other or as a graph of ids"`
	Outputs []output.Config `yaml:"outputs" help:"the files that are written"`
	Pages   string          `yaml:"pages" help:"of files with several pages or frames: first, all or skip" enum:"first,all,skip,"`
}

// What a pipeline takes of files with several pages or frames.
const (
	FirstPage = "first" // also where nothing is said
	AllPages  = "all"
	SkipPages = "skip"
)

// Graph is the pipeline's graph, with a tap for every output in their order.
func (c *Config) Graph(p Pipeline) graph.Config {
	g := graph.Config{Steps: p.Steps, Fragments: c.Fragments}
	for i := range p.Outputs {
		o := &p.Outputs[i]
		tap := graph.Tap{From: o.From, Node: o.FromNode(), When: o.When, WhenNode: o.WhenNode()}
		if o.Thumbnail != nil {
			tap.Through = []graph.Step{graph.NewStep("thumbnail", o.Thumbnail)}
		}
		g.Taps = append(g.Taps, tap)
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
func Load(file string, reg *ops.Registry) (c *Config, faults diag.Faults, err error) {
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
func Parse(file, folder string, data []byte, reg *ops.Registry) (*Config, diag.Faults) {
	return ParseSpelled(file, folder, data, reg, nil)
}

// ParseSpelled is Parse with the paths spelled as another process has found
// them, which [Config.Spelled] tells, for one that may not list the folders.
func ParseSpelled(file, folder string, data []byte, reg *ops.Registry, spelled map[string]string) (*Config, diag.Faults) {
	root, err := diag.Parse(file, data)
	if err != nil {
		var faults diag.Faults
		if !errors.As(err, &faults) {
			faults = diag.Faults{{File: file, Message: err.Error()}}
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
