package cmd

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/plugin"
)

// TestAWorkerDoesNotNeedTheWatchedFolders: one of several may be gone when a
// worker begins anew.
func TestAWorkerDoesNotNeedTheWatchedFolders(t *testing.T) {
	stop, err := plugin.Start(plugin.Runtime{})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	registry, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{Context: t.Context(), registry: registry, out: io.Discard, err: io.Discard}
	const text = `version: 1
pipelines: {p: {outputs: [{path: "{stem}.jpg"}]}}
watch: [{folder: gone, pipeline: p, output: out}]
`
	s := Setup{File: filepath.Join(t.TempDir(), "burnish.yaml"), Text: []byte(text)}
	if c, err := s.configuration(h); err != nil || len(c.Watch) != 1 {
		t.Errorf("%v, %v", c, err)
	}
	s.Text = append(s.Text, "more: 1\n"...)
	if _, err := s.configuration(h); err == nil {
		t.Error("a fault of the file passes")
	}
}
