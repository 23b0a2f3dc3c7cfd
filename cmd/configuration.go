package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/config/mask"
	"github.com/burnish-photo/burnish/ops/diag"
)

// shownConfiguration is the daemon's configuration file as its page shows it.
type shownConfiguration struct {
	host    *host
	reloads bool
	inUse   atomic.Pointer[worker.Source] // what the daemon runs by
}

// now reads the file anew.
func (s *shownConfiguration) now(ctx context.Context) (api.ConfigurationFile, error) {
	source := s.inUse.Load()
	if source == nil {
		return api.ConfigurationFile{}, errors.New("the daemon is starting: try again in a moment")
	}
	shown := api.ConfigurationFile{Name: filepath.Join(source.Folder, filepath.Base(source.File)), Reloads: s.reloads}
	text := source.Text
	if s.reloads {
		h := *s.host
		h.Context = ctx
		var err error
		if text, err = h.readFile(source.File); err != nil {
			shown.Fault = fmt.Sprintf("read %s: %v", source.File, err)
			return shown, nil
		}
	}
	shown.Text, shown.Changed = mask.Text(string(text)), !bytes.Equal(text, source.Text)
	c, faults := config.Parse(source.File, source.Folder, text, s.host.registry)
	for _, f := range withoutSecrets(faults, text) {
		shown.Faults = append(shown.Faults, api.ConfigurationItem{
			Line: f.Line, Column: f.Column, Warning: f.Warning || f.HostOnly,
			Message: diag.Printable(f.Message), Hint: diag.Printable(f.Hint),
		})
	}
	if errs, _ := faults.Portable().Split(); c == nil || len(errs) > 0 {
		return shown, nil
	}
	registry, _ := c.Registry(s.host.registry) // its faults were told of
	for _, name := range slices.Sorted(maps.Keys(c.Pipelines)) {
		boxes, err := drawing(c, name, registry)
		if err != nil {
			return shown, fmt.Errorf("draw the pipeline %s: %w", name, err)
		}
		shown.Graphs = append(shown.Graphs, api.PipelineGraph{Name: name, Boxes: boxes})
	}
	return shown, nil
}
