package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// What begins with "#" and no blank is a key with its default.
var commentedKey = regexp.MustCompile(`(?m)^( *)#(\S)`)

func initial(t *testing.T) []byte {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	text, err := config.Initial("Holiday: 2026 #1")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheInitialConfigurationNamesTheDefaults(t *testing.T) {
	read := func(text []byte) *config.Config {
		t.Helper()
		c, faults := config.Parse("burnish.yaml", t.TempDir(), text, registry(t))
		if errs, _ := faults.Portable().Split(); len(errs) > 0 {
			t.Fatal(errs)
		}
		return c
	}
	initial := initial(t)
	plain, full := read(initial), read(commentedKey.ReplaceAll(initial, []byte("$1$2")))
	if n := len(commentedKey.FindAll(initial, -1)); n < 7 {
		t.Fatalf("%d commented keys", n)
	}
	for name, pair := range map[string][2]any{
		"settle": {plain.Watch[0].Settle, full.Watch[0].Settle}, "symlinks": {plain.Watch[0].Links, full.Watch[0].Links},
		"on_success": {plain.Watch[0].OnSuccess, full.Watch[0].OnSuccess}, "device": {plain.Restore.Device, full.Restore.Device},
		"limits": {plain.Limits, full.Limits}, "filters": {len(full.Watch[0].Include) + len(full.Watch[0].Exclude) + len(full.QuietHours), 0},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s is not the default: %s", name, diff)
		}
	}
}

// The demo, the package, burnish init and burnish without a configuration make
// the same outputs.
func TestWhatShipsDoesTheSame(t *testing.T) {
	pipelines := func(text []byte) any {
		var c struct{ Pipelines any }
		if err := yaml.Unmarshal(text, &c); err != nil || c.Pipelines == nil {
			t.Fatal(c, err)
		}
		return c.Pipelines
	}
	want := pipelines(initial(t))
	for _, file := range []string{"default.yaml", "../packaging/demo/burnish.yaml", "../packaging/deb/burnish.yaml"} {
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, pipelines(text)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}
