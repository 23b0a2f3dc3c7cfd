package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

// Beside a configuration lie other things than what it names.
func TestOfTheConfigurationsFolderOnlyWhatItNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"burnish.yaml", "password.txt", "net.onnx", "net-half.onnx", "weights.bin", "other.onnx", "logo.png", "fonts/a.ttf", "steps/x"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("location: weights.bin, burnish.yaml"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(`{steps: [{promptcir: {model: net.onnx}}, {watermark: {image: logo.png}}, {text: {fontfile: fonts/a.ttf, text: ../x}}], from: /srv/lut.png}`), &node); err != nil {
		t.Fatal(err)
	}
	got := namedPaths(&node, dir, 0)
	slices.Sort(got)
	want := []string{"/srv/lut.png"}
	for _, name := range []string{"fonts/a.ttf", "logo.png", "net-half.onnx", "net.onnx", "weights.bin"} {
		want = append(want, filepath.Join(dir, name))
	}
	slices.Sort(want)
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("open are\n%q, want\n%q", got, want)
	}
	elsewhere := filepath.Join(dir, "models", "m.onnx")
	if got := modelPaths(elsewhere, dir); !slices.Equal(got, []string{filepath.Dir(elsewhere)}) {
		t.Errorf("of a folder of models: %q", got)
	}
}
