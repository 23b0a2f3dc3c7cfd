package plugin_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The examples of README.md compile, and their tests pass, as the files that
// they are said to be: laid over the module without a change of it.
func TestExamplesOfTheArchitecture(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var packages, tested []string
	dir := t.TempDir()
	for _, example := range regexp.MustCompile("(?s)`([a-z_/]+\\.go)`[^`]*:\n\n```go\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		name, code := example[1], example[2]
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(root, name)] = file
		if pkg := "./" + filepath.Dir(name); strings.HasSuffix(name, "_test.go") {
			tested = append(tested, pkg)
		} else {
			packages = append(packages, pkg)
		}
	}
	if blocks := strings.Count(string(text), "```go\n"); len(packages)+len(tested) != blocks {
		t.Errorf("%d of %d examples name their file", len(packages)+len(tested), blocks)
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(dir, name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	run(root, "go", append([]string{"build", "-overlay", file}, packages...)...)
	for _, pkg := range tested {
		binary := filepath.Join(dir, "example.test")
		run(root, "go", "test", "-c", "-vet=off", "-overlay", file, "-o", binary, pkg)
		run(dir, binary)
	}
}
