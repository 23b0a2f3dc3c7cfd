// Package config is the whole YAML file: it composes the settings that other
// packages own, resolves paths against the file's folder and reports every
// fault at once. It starts nothing.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/watcher"
	"gopkg.in/yaml.v3"
)

// Config is a configuration file, with absolute paths and defaults filled in.
type Config struct {
	Version   int                 `yaml:"version"`
	StateDir  string              `yaml:"state_dir"` // ledger and scratch files
	Watch     []Watch             `yaml:"watch"`
	Restore   Restore             `yaml:"restore"`
	Limits    Limits              `yaml:"limits"`
	Pipelines map[string]Pipeline `yaml:"pipelines"`

	// Fragments are chains of steps that pipelines share.
	Fragments map[string]graph.Fragment `yaml:"fragments"`

	file   string
	folder string // that relative paths are below
	root   *yaml.Node
}

// Watch is one watched folder.
type Watch struct {
	watcher.Config `yaml:",inline"`
	Pipeline       string `yaml:"pipeline"`
	Output         string `yaml:"output"` // folder that the outputs' paths are below
}

// Restore says where and with what networks run.
type Restore struct {
	Device  string  `yaml:"device"`  // auto, cpu, cuda:N, …
	Require bool    `yaml:"require"` // fail where the device cannot be had
	Runtime Runtime `yaml:"runtime"`
	Models  string  `yaml:"models"` // folder of further .onnx files
}

// Runtime points at a build of ONNX Runtime.
type Runtime struct {
	Library   string   `yaml:"library"`   // libonnxruntime.so; "": the one that ships
	Providers []string `yaml:"providers"` // plug-in execution provider libraries
}

// Limits protect the host.
type Limits struct {
	Megapixels float64 `yaml:"megapixels"` // larger photos are refused from their header
	Photos     int     `yaml:"photos"`     // photos worked on at a time; 0: by the number of cores
}

// Pipeline is what happens to a photo: the steps, and what is written.
type Pipeline struct {
	Steps   []graph.Step    `yaml:"steps"`
	Outputs []output.Config `yaml:"outputs"`
}

// Graph is the pipeline's graph, with a tap for every output in their order.
func (c *Config) Graph(p Pipeline) graph.Config {
	g := graph.Config{Steps: p.Steps, Fragments: c.Fragments}
	for i := range p.Outputs {
		o := &p.Outputs[i]
		tap := graph.Tap{From: o.From, Node: o.FromNode()}
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
		Restore: Restore{Device: "auto"},
		Limits:  Limits{Megapixels: 300},
	}
}

// Load reads a file. faults are all that is wrong with it, warnings among
// them; the Config is usable where there are no others. err is a file that
// cannot be read.
func Load(file string, reg *ops.Registry) (c *Config, faults strict.Faults, err error) {
	data, err := os.ReadFile(file)
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
func Parse(file, folder string, data []byte, reg *ops.Registry) (*Config, strict.Faults) {
	root, err := strict.Parse(file, data)
	if err != nil {
		var faults strict.Faults
		if !errors.As(err, &faults) {
			faults = strict.Faults{{File: file, Message: err.Error()}}
		}
		return nil, faults
	}
	c := defaults()
	c.file, c.folder, c.root = file, folder, root
	c.Version = 0
	faults := strict.Decode(root, &c)
	c.resolve(folder)
	return &c, append(faults, c.Check(reg)...).In(file)
}

// resolve makes paths absolute, taking relative ones below folder.
func (c *Config) resolve(folder string) {
	absolute := func(path *string) {
		switch {
		case *path == "":
		case filepath.IsAbs(*path):
			*path = filepath.Clean(*path)
		default:
			*path = filepath.Join(folder, *path)
		}
	}
	if c.StateDir == "" {
		c.StateDir = defaultStateDir()
	}
	absolute(&c.StateDir)
	for i := range c.Watch {
		absolute(&c.Watch[i].Folder)
		absolute(&c.Watch[i].Output)
		if c.Watch[i].Settle == 0 {
			c.Watch[i].Settle = watcher.DefaultSettle
		}
	}
	absolute(&c.Restore.Models)
	absolute(&c.Restore.Runtime.Library)
	for i := range c.Restore.Runtime.Providers {
		absolute(&c.Restore.Runtime.Providers[i])
	}
}

// Folder is the folder that relative paths are below.
func (c *Config) Folder() string { return c.folder }
