package worker

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/burnish-photo/burnish/config"
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
	const text = `version: 1
pipelines: {p: {outputs: [{path: "{stem}.jpg"}]}}
watch: [{folder: gone, pipeline: p, output: out}]
`
	s := Source{File: "burnish.yaml", Folder: t.TempDir(), Text: []byte(text)}
	if c, err := s.parse(registry); err != nil || len(c.Watch) != 1 {
		t.Errorf("%v, %v", c, err)
	}
	s.Text = append(s.Text, "more: 1\n"...)
	if _, err := s.parse(registry); err == nil {
		t.Error("a fault of the file passes")
	}
	file := filepath.Join(t.TempDir(), "file") // in the place of a folder
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Join(t.TempDir(), "gone"), file} {
		text, err := config.ForFolder(folder, t.TempDir(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s = Source{File: "burnish run", Folder: "/", Text: text}
		if c, err := s.parse(registry); err != nil || len(c.Watch) != 1 {
			t.Errorf("%s: %v, %v", folder, c, err)
		}
	}
	if s.Text, err = config.ForFolder("/in/deep", "/in", "/state"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.parse(registry); err == nil {
		t.Error("an output that holds the watched folder passes")
	}
}

// startNative starts the native libraries once, for all tests and benchmarks.
var startNative = sync.OnceValue(func() error {
	_, err := plugin.Start(plugin.Runtime{})
	return err
})
