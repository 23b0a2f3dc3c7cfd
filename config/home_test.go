package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
)

// What a shell would expand is expanded or a fault, wherever a path stands.
// Reports: Mango#277, compose#301.
func TestPathsOfAShellInAFile(t *testing.T) {
	home, folder := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	text := func(at string) string {
		return `version: 1
state_dir: ` + at + `/state
watch:
  - folder: ` + at + `/in
    pipeline: p
    output: ` + at + `/out
    on_success: {move: ` + at + `/originals}
    on_quarantine: {move: ` + at + `/held}
restore: {models: ` + at + `/models, runtime: {library: ` + at + `/lib.so, providers: [` + at + `/p.so]}}
worker: {read: [` + at + `/luts], write: [` + at + `/w]}
pipelines:
  p:
    steps: [{promptcir: {model: ` + at + `/m.onnx}}, {watermark: {image: ` + at + `/mark.png}}]
    outputs: [{path: a.jpg}]
`
	}
	c, faults := config.Parse("f.yaml", folder, []byte(text("~")), registry(t))
	if strings.Contains(faults.Error(), "variable") {
		t.Error(faults)
	}
	w := c.Watch[0]
	for _, path := range []string{c.StateDir, w.Folder, w.Output, w.OnSuccess.Move, w.OnQuarantine.Move, c.Restore.Models, c.Restore.Runtime.Library, c.Restore.Runtime.Providers[0], c.Worker.Read[0], c.Worker.Write[0]} {
		if filepath.Dir(path) != home {
			t.Errorf("%s does not lie in %s", path, home)
		}
	}
	read, _ := c.Paths()
	if !strings.Contains(strings.Join(read, "\n")+"\n", home+"\n") {
		t.Errorf("the model's folder is not among %q", read)
	}
	for _, at := range []string{"$HOME", "~anna"} {
		_, faults := config.Parse("f.yaml", folder, []byte(text(at)), registry(t))
		told := strings.Count(faults.Error(), "write the whole path")
		if told < 12 {
			t.Errorf("%s: %d of 12 paths are told of:\n%s", at, told, faults)
		}
		for _, place := range []string{"f.yaml:2:12:", "f.yaml:4:13:", "f.yaml:7:24:"} {
			if !strings.Contains(faults.Error(), place) {
				t.Errorf("%s: no fault at %s", at, place)
			}
		}
	}
	for _, path := range []string{"~/{stem}.jpg", "$HOME/{stem}.jpg"} {
		_, faults := config.Parse("f.yaml", folder, []byte("version: 1\npipelines: {p: {outputs: [{path: '"+path+"'}]}}"), registry(t))
		if !strings.Contains(faults.Error(), "is taken below the output folder") {
			t.Errorf("%s: %s", path, faults)
		}
	}
}
