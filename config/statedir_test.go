package config_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
)

// Without HOME there is no folder that is the user's alone; /tmp is none.
func TestWithoutAHomeStateHasToBeNamed(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_STATE_HOME", "")
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	const watching = "version: 1\nwatch: [{folder: in, pipeline: p, output: out}]\npipelines: {p: {steps: [{resize: {width: 9}}], outputs: [{path: '{stem}.jpg'}]}}\n"
	_, faults := config.Parse("b.yaml", t.TempDir(), []byte(watching), reg)
	if text := faults.Error(); !strings.Contains(text, "state_dir") || !strings.Contains(text, "HOME") {
		t.Errorf("faults: %s", text)
	}
	c, err := config.Default(reg)
	if err != nil || c.StateDir != "" {
		t.Errorf("without folders to watch: %v, state in %q", err, c.StateDir)
	}
	if _, err := config.Initial(t.TempDir()); err == nil {
		t.Error("a first configuration has no state folder")
	}
}
