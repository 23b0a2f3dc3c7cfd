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
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/process"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher"
	"gopkg.in/yaml.v3"
)

// Config is a configuration file, with absolute paths and defaults filled in.
type Config struct {
	Version    int                        `yaml:"version" help:"version of the file format: 1"`
	StateDir   string                     `yaml:"state_dir" kind:"path" help:"folder for ledger, status and scratch files; default: burnish in the XDG state folder"`
	Watch      []Watch                    `yaml:"watch" help:"watched folders"`
	Listen     []string                   `yaml:"listen" help:"addresses that the page and the HTTP API are served on: HOST:PORT, or the path of a Unix socket; default: none"`
	HTTP       HTTP                       `yaml:"http" help:"how the page and the HTTP API are served there"`
	Faces      Faces                      `yaml:"faces" help:"protocols by which photos are sent in"`
	Cluster    Cluster                    `yaml:"cluster" help:"other machines that process photos"`
	Notify     Notify                     `yaml:"notify" help:"who is told of failures and of finished work"`
	Restore    plugin.Restore             `yaml:"restore" help:"where networks run and which models they use"`
	Limits     Limits                     `yaml:"limits" help:"limits that protect the host"`
	Worker     Worker                     `yaml:"worker" help:"the process that decodes and restores photos"`
	Scrub      Scrub                      `yaml:"scrub" help:"verification of the library in the background"`
	Ledger     Ledger                     `yaml:"ledger" help:"what is remembered of photos"`
	Cache      plugin.Cache               `yaml:"cache" help:"what networks computed, kept so that it is not computed again"`
	QuietHours []Hours                    `yaml:"quiet_hours" help:"hours in which no photo is started, such as 22:00-06:00, or mon-fri 08:00-18:00"`
	Pipelines  map[string]plugin.Pipeline `yaml:"pipelines" help:"pipelines by name"`

	// Fragments are chains of steps that pipelines share.
	Fragments map[string]graph.Fragment `yaml:"fragments" help:"chains of steps that pipelines share, by name"`

	// Operators are programs that steps may use.
	Operators map[string]process.Declaration `yaml:"operators" help:"programs that steps use like operators, by name"`

	file   string
	folder string // that relative paths are below
	root   *yaml.Node

	spelled map[string]string // paths that are not ASCII, as the file system spells them
}

// Ledger is what is remembered of photos.
type Ledger struct {
	Retention time.Duration `yaml:"retention" range:"0|24h," help:"how long a photo is remembered after it and all its outputs are gone; 0: for ever"`

	KeepReplaced time.Duration `yaml:"keep_replaced" range:"0|1h," help:"how long the trash keeps outputs that were replaced, so that burnish undo can bring them back; 0: they are not kept"`
}

// Scrub is the verification of the library in the background.
type Scrub struct {
	Rate diag.Size `yaml:"rate" range:"0|100kB," help:"bytes a second that the daemon reads to verify originals and outputs, one pass a day at most; 0: none"`
}

// Watch is one watched folder.
type Watch struct {
	watcher.Config `yaml:",inline"`
	Pipeline       string             `yaml:"pipeline" help:"name of the pipeline for its photos"`
	Output         string             `yaml:"output" kind:"path" help:"output folder; must not be, or contain, a watched folder"`
	Review         bool               `yaml:"review" help:"true: results wait until they are approved; only then are they published"`
	AllowFormats   []string           `yaml:"allow_formats" help:"further formats to read, whose decoders are not safe for files of unknown origin"`
	QuietHours     []Hours            `yaml:"quiet_hours" help:"hours in which none of its photos is started, such as 22:00-06:00, or mon-fri 08:00-18:00"`
	LoadBelow      diag.Percent       `yaml:"load_below" range:"0,100" help:"share of the cores that other programs may use; with as much or more, none of its photos is started; 0%: any"`
	Priority       int                `yaml:"priority" help:"priority over other folders; a minute of waiting counts as one step"`
	Limits         plugin.PhotoLimits `yaml:"limits" help:"limits of this folder, in place of the general ones"`
	OnSuccess      OnSuccess          `yaml:"on_success" help:"what happens to an original after success: keep (default), {move: FOLDER} or {trash: 720h}; sidecars: keep leaves its sidecars behind"`
	OnChange       string             `yaml:"on_change" enum:"ask,redo,keep," help:"what happens to finished photos when the pipeline changes: ask waits for burnish reprocess, redo makes changed outputs anew, keep leaves outputs as they are"`
	Canary         diag.Percent       `yaml:"canary" range:"0,100" help:"part of the finished photos, such as 2%, that a changed pipeline is tried on before it has the others; 0%: none"`
	OnQuarantine   OnQuarantine       `yaml:"on_quarantine" help:"what happens to an original in quarantine"`
}

// OnQuarantine says what becomes of an original in quarantine.
type OnQuarantine struct {
	Move string `yaml:"move" kind:"path" help:"folder to move it to; default: it stays in place"`
}

// Limits are the engine's, and what a daemon minds beside them.
type Limits struct {
	plugin.Limits  `yaml:",inline"`
	QueuePerFolder int          `yaml:"queue_per_folder" range:"1," help:"photos of each watched folder that wait in memory; further ones are added as these finish"`
	Share          diag.Percent `yaml:"share" range:"0,100" help:"share of the cores that processing may take; 0%: all"`
	LoadBelow      diag.Percent `yaml:"load_below" range:"0,100" help:"share of the cores that other programs may use; with as much or more, no photo is started; 0%: any"`
	OnBattery      string       `yaml:"on_battery" enum:"run,pause," help:"pause: no photo is started while the machine runs on battery"`

	MinFreeSpace diag.Size `yaml:"min_free_space" range:"0|1MB," help:"space that must be free for outputs and state before a photo is started; 0: none"`
}

// PauseOnBattery is the value of limits.on_battery that lets no photo begin then.
const PauseOnBattery = "pause"

// defaults is a Config before a file is decoded over it.
func defaults() Config {
	engine := plugin.DefaultConfig()
	return Config{
		Version: 1,
		Worker:  defaultWorker(),
		Notify:  defaultNotify(),
		Faces:   defaultFaces(),
		Cluster: defaultCluster(),
		Ledger:  Ledger{Retention: engine.Retention},
		Restore: engine.Restore,
		Limits:  Limits{Limits: engine.Limits, QueuePerFolder: 10_000, MinFreeSpace: 256 << 20},
	}
}

// Engine is the part of the configuration that an engine works by.
func (c *Config) Engine() plugin.Config {
	e := plugin.Config{
		StateDir: c.StateDir, Folder: c.folder, Pipelines: c.Pipelines, Fragments: c.Fragments, Operators: c.Operators,
		Restore: c.Restore, Limits: c.Limits.Limits, Cache: c.Cache, Retention: c.Ledger.Retention, KeepReplaced: c.Ledger.KeepReplaced,
	}
	for _, w := range c.Watch {
		e.Routes = append(e.Routes, plugin.Route{Source: w.Folder, Output: w.Output, Originals: w.OnSuccess.Move, Quarantine: w.OnQuarantine.Move, Canary: w.Canary.Part()})
	}
	return e
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
	faults := append(rename(root), misplaced(root)...)
	faults = append(faults, diag.Decode(root, &c)...)
	c.resolve(folder)
	return &c, append(faults, c.Check(reg).Except(faults)...).In(file)
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
		c.StateDir = DefaultStateDir()
	}
	absolute(&c.StateDir)
	for i := range c.Watch {
		absolute(&c.Watch[i].Folder)
		absolute(&c.Watch[i].Output)
		absolute(&c.Watch[i].OnQuarantine.Move)
		absolute(&c.Watch[i].OnSuccess.Move)
	}
	for name, d := range c.Operators {
		d.Resolve(folder)
		c.Operators[name] = d
	}
	for _, path := range c.Notify.paths() {
		absolute(path)
	}
	for _, path := range c.Cluster.paths() {
		absolute(path)
	}
	absolute(&c.Faces.Jobs.SecretFile)
	absolute(&c.Faces.Immich.KeyFile)
	absolute(&c.Restore.Models)
	absolute(&c.Restore.Runtime.Library)
	for i, address := range c.Listen {
		if IsSocket(address) {
			absolute(&c.Listen[i])
		}
	}
	for _, list := range [][]string{c.Restore.Runtime.Providers, c.Worker.Read, c.Worker.Write} {
		for i := range list {
			absolute(&list[i])
		}
	}
}

// Folder is the folder that relative paths are below.
func (c *Config) Folder() string { return c.folder }
