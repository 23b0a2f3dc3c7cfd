package config_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
)

// Review that keeps nothing back is told of.
func TestUselessReview(t *testing.T) {
	const head = "version: 1\nstate_dir: STATE\npipelines: {p: {outputs: [{path: \"{stem}.png\"}]}}\nwatch:\n  - {folder: a, pipeline: p, output: out, review: true}\n"
	for name, c := range map[string]struct{ text, want string }{
		"a state folder that is seen": {strings.Replace(head, "STATE", "out/state", 1), "before they are approved"},
		"another folder without":      {strings.Replace(head, "STATE", "state", 1) + "  - {folder: b, pipeline: p, output: out}\n", "b writes to"},
		"two folders with":            {strings.Replace(head, "STATE", "state", 1) + "  - {folder: b, pipeline: p, output: out, review: true}\n", ""},
	} {
		_, faults := config.Parse("f.yaml", t.TempDir(), []byte(c.text), registry(t))
		text := ""
		for _, f := range faults {
			if strings.Contains(f.Message, "review") || strings.Contains(f.Message, "approved") {
				text += f.Message
			}
		}
		if c.want == "" && text != "" || !strings.Contains(text, c.want) {
			t.Errorf("%s: got %q, want %q\n%v", name, text, c.want, faults)
		}
	}
}
