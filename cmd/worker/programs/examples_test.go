package programs_test

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/opstest"
	"github.com/burnish-photo/burnish/ops/process"
)

// The operators of packaging/examples pass the suite of all operators, declared as
// their first lines say.
func TestExamplesOfOperators(t *testing.T) {
	folder, err := filepath.Abs("../../../packaging/examples/operators")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(work, "negative"), "./packaging/examples/operators/negative")
	build.Dir, build.Env = "../../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for file, absent := range map[string]*exec.Cmd{
		"negative.sh":      exec.Command("/usr/bin/awk", "BEGIN {}"),
		"charcoal.sh":      exec.Command("/usr/bin/convert", "-version"),
		"soften.py":        exec.Command("/usr/bin/python3", "-c", "import PIL"),
		"negative/main.go": exec.Command("true"),
	} {
		t.Run(file, func(t *testing.T) {
			if err := absent.Run(); err != nil {
				t.Skipf("%s: %v", strings.Join(absent.Args, " "), err)
			}
			text, err := os.ReadFile(filepath.Join(folder, file))
			if err != nil {
				t.Fatal(err)
			}
			passes(t, folder, work, header(string(text)))
		})
	}
}

// header is the configuration in the comment that a program begins with.
func header(text string) string {
	var yaml []string
	for line := range strings.Lines(text) {
		for _, prefix := range []string{"#   ", "//\t"} {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				yaml = append(yaml, strings.ReplaceAll(rest, "\t", "  "))
			}
		}
	}
	return "version: 1\npipelines: {p: {outputs: [{path: \"{stem}.png\"}]}}\n" + strings.Join(yaml, "")
}

func passes(t *testing.T, folder, work, text string) {
	t.Helper()
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "[./negative]") {
		folder = work
	}
	c, faults := config.Parse("burnish.yaml", folder, []byte(text), reg)
	if len(faults) > 0 || len(c.Operators) != 1 {
		t.Fatalf("%v in\n%s", faults, text)
	}
	launcher := programs.New(c.Operators, true, slog.New(slog.DiscardHandler))
	defer launcher.Close()
	found, err := opstest.Run(t.Context(), opstest.Subject{
		Spec: process.Specs(c.Operators)[0], Env: ops.Env{Programs: launcher, InMemory: 1 << 20, Scratch: t.TempDir()}, Large: strings.Contains(text, "[./negative]"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Err != nil {
			t.Errorf("%s: %v", f.Check, f.Err)
		}
		for _, r := range f.Refused {
			t.Logf("refused: %s", r)
		}
	}
}
