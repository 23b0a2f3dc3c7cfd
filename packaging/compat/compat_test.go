package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// api copies the record without the lines that hold a text, and with some more.
func api(t *testing.T, without string, more ...string) (file string) {
	t.Helper()
	text, err := os.ReadFile("../../plugin/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := slices.DeleteFunc(lines(string(text)), func(line string) bool { return without != "" && strings.Contains(line, without) })
	file = filepath.Join(t.TempDir(), "api.txt")
	if err := os.WriteFile(file, []byte(strings.Join(append(all, more...), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheAPIKeepsItsPromise(t *testing.T) {
	if err := run("../../plugin/api.txt", false, false); err != nil {
		t.Error(err)
	}
}

func TestWhatIsGoneIsABreak(t *testing.T) {
	const old = "func plugin.Retouch(string) error"
	file := api(t, "", old)
	if err := run(file, false, false); err == nil || !strings.Contains(err.Error(), old) {
		t.Errorf("got %v, want it to name %q", err, old)
	}
	if err := run(file, true, false); err == nil {
		t.Error("a break was recorded as if it were growth")
	}
	if err := run(file, false, true); err != nil {
		t.Fatal(err)
	}
	if err := run(file, false, false); err != nil {
		t.Errorf("after the break is recorded: %v", err)
	}
}

func TestWhatIsNewIsNoBreak(t *testing.T) {
	file := api(t, "Transform")
	if err := run(file, false, false); err != nil {
		t.Fatal(err)
	}
	if err := run(file, true, false); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(file); !strings.Contains(string(text), "method (*plugin.Engine) Transform(context.Context, plugin.Stream, io.Writer) (plugin.Result, error)") {
		t.Errorf("it was not recorded:\n%s", text)
	}
}

// Names that a host does not see may change, and types may move behind an alias.
func TestTypesBearTheNamesThatHostsUse(t *testing.T) {
	text, err := os.ReadFile("../../plugin/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"method (*plugin.Engine) Records() *plugin.Records", "const plugin.Done plugin.State = \"done\"", "field plugin.Job Path string",
		"method (*plugin.Error) Error() string", "func builtin.Specs() []ops.Spec",
	} {
		if !slices.Contains(lines(string(text)), want) {
			t.Errorf("plugin/api.txt lacks %q", want)
		}
	}
	if strings.Contains(string(text), "history.Records") {
		t.Error("plugin/api.txt names a package that only the library imports")
	}
}
