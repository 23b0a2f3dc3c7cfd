package config_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
)

func TestTheDigestOfAFolderChangesWithWhatItsPhotosBecome(t *testing.T) {
	const file = `version: 1
state_dir: /state
listen: [127.0.0.1:1]
watch:
  - {folder: /in, pipeline: a, output: /out}
  - {folder: /other, pipeline: b, output: /out2, priority: 1}
limits: {memory: 1GB, megapixels: 50}
x: &quality {quality: 80}
fragments: {f: {steps: [{crop: {width: 10, height: 10}}]}}
pipelines:
  a: {steps: [{resize: {width: 10}}], outputs: [{path: a.jpg}]}
  b: {steps: [{resize: {width: 20}}], outputs: [{path: b.jpg}]}
`
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	digests := func(replace ...string) (string, string) {
		c, _ := config.Parse("burnish.yaml", "/etc", []byte(strings.NewReplacer(replace...).Replace(file)), reg)
		return c.WatchDigest(0), c.WatchDigest(1)
	}
	worker := func(replace ...string) string {
		c, _ := config.Parse("burnish.yaml", "/etc", []byte(strings.NewReplacer(replace...).Replace(file)), reg)
		return c.WorkerDigest()
	}
	first, second := digests()
	if first == second || first == "" {
		t.Error(first, second)
	}
	for _, c := range []struct {
		from, to string
		changed  [2]bool
		worker   bool // has something to learn
	}{
		{"127.0.0.1:1", "127.0.0.1:2", [2]bool{false, false}, false},
		{"memory: 1GB", "memory: 2GB", [2]bool{false, false}, true},
		{"priority: 1", "priority: 2", [2]bool{false, false}, false},
		{"megapixels: 50", "megapixels: 60", [2]bool{true, true}, true},
		{"width: 20", "width: 21", [2]bool{false, true}, true},
		{"/out}", "/elsewhere}", [2]bool{true, false}, true},
		{"height: 10", "height: 11", [2]bool{true, true}, true},
		{"pipelines:", "restore: {device: cpu}\npipelines:", [2]bool{true, true}, true},
		{"pipelines:", "notify: {fold: 5m}\nquiet_hours: [\"22:00-06:00\"]\npipelines:", [2]bool{false, false}, false},
		{"megapixels: 50", "megapixels: 50, min_free_space: 1GB", [2]bool{false, false}, false},
		{"pipeline: a,", "pipeline: b, settle: 3s, review: true,", [2]bool{true, false}, false},
		{"output: /out}", "output: /out, on_success: {trash: 24h}}", [2]bool{true, false}, true},
		{"output: /out}", "output: /out, on_quarantine: {move: /bad}}", [2]bool{true, false}, true},
		{"version: 1", "worker: {max_open_files: 99}\nversion: 1", [2]bool{false, false}, true},
		{"version: 1", "# a comment\nversion: 1", [2]bool{false, false}, false},
	} {
		a, b := digests(c.from, c.to)
		if changed := [2]bool{a != first, b != second}; changed != c.changed {
			t.Errorf("%s: changed %v, want %v", c.to, changed, c.changed)
		}
		if learns := worker(c.from, c.to) != worker(); learns != c.worker {
			t.Errorf("%s: the worker has something to learn: %v, want %v", c.to, learns, c.worker)
		}
	}
}
