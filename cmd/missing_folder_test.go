package cmd

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/plugin"
)

// TestAWorkerDoesNotNeedTheWatchedFolders: one of several may be gone when a
// worker begins anew.
func TestAWorkerDoesNotNeedTheWatchedFolders(t *testing.T) {
	if err := startNative(); err != nil {
		t.Fatal(err)
	}
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
	file := filepath.Join(t.TempDir(), "file") // in the place of a folder
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(t.TempDir(), "gone"), file} {
		s = Setup{Command: runCommand{Folder: folder, Output: t.TempDir(), State: t.TempDir()}}
		if c, err := s.configuration(h); err != nil || len(c.Watch) != 1 {
			t.Errorf("%s: %v, %v", folder, c, err)
		}
	}
	s.Command.Output = ".."
	s.Command.Folder = "."
	if _, err := s.configuration(h); err == nil {
		t.Error("an output that holds the watched folder passes")
	}
}

// startNative starts the native libraries once, for all tests and benchmarks.
var startNative = sync.OnceValue(func() error {
	_, err := plugin.Start(plugin.Runtime{})
	return err
})
