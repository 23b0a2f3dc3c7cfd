package promptcir_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
	"gopkg.in/yaml.v3"
)

func TestSpec(t *testing.T) {
	if _, err := ops.NewRegistry(promptcir.Spec()); err != nil {
		t.Error(err)
	}
	if err := diag.Check(promptcir.Spec().Config()); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for field, change := range map[string]func(c *promptcir.Config){
		"model":           func(c *promptcir.Config) { c.Model = " " },
		"tile":            func(c *promptcir.Config) { c.Tile = 16 },
		"skip":            func(c *promptcir.Config) { c.Skip = "always" },
		"skip_below":      func(c *promptcir.Config) { c.SkipBelow = math.NaN() },
		"skip_jpeg_above": func(c *promptcir.Config) { c.SkipJPEGAbove = 101 },
		"strength":        func(c *promptcir.Config) { c.Strength = math.NaN() },
		"preset":          func(c *promptcir.Config) { c.Preset = "best" },
		"fidelity":        func(c *promptcir.Config) { c.Fidelity = "stricter" },
		"models":          func(c *promptcir.Config) { c.Models = []promptcir.Model{"lite", "lite"} },
	} {
		c := promptcir.Spec().Config().(*promptcir.Config)
		change(c)
		if err := diag.Check(c); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestModelNotFound(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "mine.onnx"), []byte("not a model"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := ops.Env{Models: folder, Folder: folder}
	for model, want := range map[string]string{
		"lyte":        `did you mean "lite"?`,
		"unlike":      "valid: lite, mine",
		"absent.onnx": filepath.Join(folder, "absent.onnx"),
		"mine":        "mine.onnx: not an ONNX file",
		"./mine.onnx": "mine.onnx: not an ONNX file",
	} {
		c := promptcir.Config{Model: promptcir.Model(model)}
		if _, err := c.Build(context.Background(), env); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", model, err, want)
		}
		// What check can tell without opening the file.
		if err := c.Check(env); (err != nil) != (filepath.Base(model) != "mine.onnx" && model != "mine") {
			t.Errorf("check of %s: got %v", model, err)
		}
	}
	haloed, err := filepath.Abs(identity)
	if err != nil {
		t.Fatal(err)
	}
	c := promptcir.Config{Model: promptcir.Model(haloed), Tile: 64}
	if _, err := c.Build(context.Background(), env); err == nil || !strings.Contains(err.Error(), "larger size") {
		t.Errorf("tile of 64: %v", err)
	}
}

// TestFolderComesFirst puts another model of a bundled name into the folder.
func TestFolderComesFirst(t *testing.T) {
	onnxtest.Need(t)
	folder := t.TempDir()
	other, err := os.ReadFile("../network/onnx/testdata/identity.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "lite.onnx"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	prints := map[string]string{}
	for name, env := range map[string]ops.Env{"bundled": {Devices: devices("cpu")}, "own": {Devices: devices("cpu"), Models: folder}} {
		c := promptcir.Config{Model: "lite", Tile: 128}
		op, err := c.Build(context.Background(), env)
		if err != nil {
			t.Fatal(err)
		}
		prints[name] = op.(ops.BuildFingerprinter).BuildFingerprint()
		if err := op.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	}
	if prints["bundled"] == prints["own"] || !strings.Contains(prints["own"], "tile=128") {
		t.Errorf("fingerprints %v", prints)
	}
}

// TestShared closes operators in any order: the model lives until the last.
func TestShared(t *testing.T) {
	first := build(t, promptcir.Config{Model: "../network/onnx/testdata/identity.onnx", Tile: 128}, cpu)
	second := build(t, promptcir.Config{Model: "../network/onnx/testdata/identity.onnx", Tile: 128}, cpu)
	if err := first.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.(io.Closer).Close(); err != nil { // closing twice gives back once
		t.Fatal(err)
	}
	part := crop(t, 0, 0, 200, 150)
	want := values(t, part)
	if most, _ := gap(values(t, apply(t, second, part)), want); most > 0 {
		t.Errorf("a network that changes nothing changed pixels by %d", most)
	}
}

func TestBundled(t *testing.T) {
	if names := models.Names(); len(names) == 0 || names[0] != "lite" {
		t.Errorf("bundled are %q", names)
	}
	if _, ok := models.Open("absent"); ok {
		t.Error("a model that is not there was opened")
	}
}

func TestPinnedModels(t *testing.T) {
	data, err := os.ReadFile("models/lite.onnx")
	if err != nil {
		t.Fatal(err)
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(data))
	for text, want := range map[string]string{
		"{model: lite}": "",
		"{model: {name: lite, sha256: " + digest + "}}":                                              "",
		"{model: lite@sha256:" + strings.ToUpper(digest) + "}":                                       "",
		"{model: {name: lite, sha256: " + strings.Repeat("0", 64) + "}}":                             "model lite: must have the SHA-256 0000",
		"{model: {name: lite, sha256: abc}}":                                                         "64 hexadecimal digits",
		"{model: lite@sha256:12}":                                                                    "64 hexadecimal digits",
		"{model: {name: lite, sha: 12}}":                                                             `unknown key "sha"`,
		"{models: [lite, {name: lite, sha256: " + strings.Repeat("1", 64) + "}], preset: reference}": "must have the SHA-256 1111",
	} {
		root, err := diag.Parse("p.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		c := promptcir.Spec().Config().(*promptcir.Config)
		got := ""
		if faults := diag.Decode(root, c); len(faults) > 0 {
			got = faults.Error()
		} else if op, err := c.Build(t.Context(), cpu); err != nil {
			got = err.Error()
		} else {
			op.(io.Closer).Close()
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		if plain, err := yaml.Marshal(c.Model); err != nil || want == "" && strings.TrimSpace(string(plain)) != "lite" {
			t.Errorf("%s counts as %q in fingerprints, %v", text, plain, err)
		}
	}
}
