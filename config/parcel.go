package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"gopkg.in/yaml.v3"
)

// Parcel is what another machine needs of the configuration to run one of its
// pipelines, and the files of models, in restore.models, that it names. An error
// says why the pipeline cannot travel.
func (c *Config) Parcel(name string, reg *ops.Registry) (text []byte, models []string, err error) {
	p, ok := c.Pipelines[name]
	if !ok {
		return nil, nil, fmt.Errorf("there is no pipeline %q", name)
	}
	reg, _ = c.Registry(reg) // its faults were told of
	if used := p.Graph(c.Fragments).Resources(reg); len(used) > 0 {
		return nil, nil, fmt.Errorf("it uses files or programs of this machine: %s", strings.Join(used, ", "))
	}
	var file map[string]any // with aliases and merged keys in place
	if err := c.root.Decode(&file); err != nil {
		return nil, nil, err
	}
	pipelines, _ := file["pipelines"].(map[string]any)
	parcel := map[string]any{"version": 1, "pipelines": map[string]any{name: pipelines[name]}}
	if used := graph.Uses(p.Steps, c.Fragments); len(used) > 0 {
		fragments, _ := file["fragments"].(map[string]any)
		fragments = maps.Clone(fragments)
		maps.DeleteFunc(fragments, func(f string, _ any) bool { return !used[f] })
		parcel["fragments"] = fragments
	}
	l := c.Limits.Limits
	parcel["limits"] = map[string]any{"megapixels": l.Megapixels, "pages": l.Pages, "bytes": int64(l.Bytes), "metadata": int64(l.Metadata)}
	if text, err = yaml.Marshal(parcel); err != nil {
		return nil, nil, err
	}
	return text, c.modelFiles(string(text)), nil
}

// modelFiles are the files below restore.models whose names, without their ends, a
// text has among its words.
func (c *Config) modelFiles(text string) (files []string) {
	if c.Restore.Models == "" {
		return nil
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n:,'\"[]{}", r) })
	entries, _ := os.ReadDir(c.Restore.Models) // whoever opens the models says what is wrong
	for _, e := range entries {
		stem, _, _ := strings.Cut(e.Name(), ".")
		if e.Type().IsRegular() && slices.Contains(words, strings.TrimSuffix(stem, "-half")) {
			files = append(files, filepath.Join(c.Restore.Models, e.Name()))
		}
	}
	return files
}

// foreignKeys are those that a parcel may have.
var foreignKeys = []string{"version", "pipelines", "fragments", "limits"}

// Foreign is the configuration that a parcel of another machine comes to with what
// is this machine's own. It may name neither files nor programs.
func Foreign(parcel []byte, own map[string]any, folder string, reg *ops.Registry) (c *Config, text []byte, err error) {
	const name = "parcel"
	root, err := diag.Parse(name, parcel)
	if err != nil {
		return nil, nil, err
	}
	pairs, faults := diag.Pairs(diag.Resolve(root))
	if len(faults) > 0 {
		return nil, nil, faults
	}
	for _, p := range pairs {
		if !slices.Contains(foreignKeys, p.Key.Value) {
			return nil, nil, fmt.Errorf("a parcel must have the keys %s only, got %.40q", strings.Join(foreignKeys, ", "), p.Key.Value)
		}
	}
	file := map[string]any{}
	if err := root.Decode(&file); err != nil {
		return nil, nil, err
	}
	maps.Copy(file, own)
	if text, err = yaml.Marshal(file); err != nil {
		return nil, nil, err
	}
	c, faults = Parse(name, folder, text, reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, nil, errs
	}
	for _, pipeline := range slices.Sorted(maps.Keys(c.Pipelines)) {
		if used := c.Pipelines[pipeline].Graph(c.Fragments).Resources(reg); len(used) > 0 {
			return nil, nil, fmt.Errorf("the pipeline %s of a parcel must open no files and run no programs, got %s", pipeline, strings.Join(used, ", "))
		}
	}
	return c, text, nil
}
