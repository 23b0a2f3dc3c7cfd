package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/watcher"
)

func TestMain(m *testing.M) {
	if err := vips.Start(vips.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	vips.Stop()
	os.Exit(code)
}

func registry(t *testing.T) *ops.Registry {
	t.Helper()
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

const pipeline = "\npipelines: {p: {outputs: [{path: '{stem}.png'}]}}\n"

// parse reads a file that would lie in folder.
func parse(t *testing.T, folder, text string) (*config.Config, string) {
	t.Helper()
	c, faults := config.Parse("f.yaml", folder, []byte(text), registry(t))
	return c, faults.Error()
}

func TestPathsAreBelowTheFilesFolder(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"in", "models"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c, faults := parse(t, folder, `
version: 1
state_dir: ./state/
watch: [{folder: `+folder+`/in//, pipeline: p, output: ../out}]
restore: {models: models}`+pipeline)
	if faults != "" {
		t.Fatal(faults)
	}
	for got, want := range map[string]string{
		c.StateDir:        filepath.Join(folder, "state"),
		c.Watch[0].Folder: filepath.Join(folder, "in"),
		c.Watch[0].Output: filepath.Join(filepath.Dir(folder), "out"),
		c.Restore.Models:  filepath.Join(folder, "models"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if c.Watch[0].Settle != watcher.DefaultSettle || !c.Restore.Device.IsAuto() || c.Limits.Megapixels != 300 {
		t.Errorf("defaults are %+v", c)
	}
}

func TestStateFolder(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/var/tmp/xdg")
	c, err := config.Default(registry(t))
	if err != nil || c.StateDir != "/var/tmp/xdg/burnish" {
		t.Errorf("%v, %v", c.StateDir, err)
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	t.Setenv("HOME", "/home/me")
	if c, err = config.Default(registry(t)); err != nil || c.StateDir != "/home/me/.local/state/burnish" {
		t.Errorf("%v, %v", c.StateDir, err)
	}
	if _, ok := c.Pipelines[config.DefaultPipeline]; !ok {
		t.Error("the built-in configuration lacks its pipeline")
	}
}

func TestFoldersThatWouldHurt(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(folder, "a"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"the output is the folder", "watch: [{folder: a, pipeline: p, output: a}]", "originals could be overwritten"},
		{"the output holds the folder", "watch: [{folder: a, pipeline: p, output: .}]", "originals could be overwritten"},
		{"the same through a link", "watch: [{folder: a, pipeline: p, output: link}]", "originals could be overwritten"},
		{"inside is fine", "watch: [{folder: a, pipeline: p, output: a/out}]", ""},
		{"another's folder", "watch: [{folder: a, pipeline: p, output: c}, {folder: c, pipeline: p, output: d}]", "holds the watched folder"},
		{"twice", "watch: [{folder: a, pipeline: p, output: o}, {folder: a, pipeline: p, output: o}]", "already watched"},
		{"nested", "watch: [{folder: a, pipeline: p, output: o}, {folder: a/b, pipeline: p, output: o}]", "taken twice"},
		{"state inside", "state_dir: a/state\nwatch: [{folder: a, pipeline: p, output: o}]", "set state_dir elsewhere"},
		{"quarantine inside", "watch: [{folder: a, pipeline: p, output: o, on_quarantine: {move: a/held}}]", "taken in again"},
		{"quarantine beside", "watch: [{folder: a, pipeline: p, output: o, on_quarantine: {move: held}}]", ""},
		{"originals inside", "watch: [{folder: a, pipeline: p, output: o, on_success: {move: a/done}}]", "taken in again"},
		{"originals beside", "watch: [{folder: a, pipeline: p, output: o, on_success: {move: done}}]", ""},
		{"originals among outputs", "watch: [{folder: a, pipeline: p, output: o, on_success: {move: o/done}}]", "outputs could replace originals"},
		{"kept", "watch: [{folder: a, pipeline: p, output: o, on_success: keep}]", ""},
		{"trash", "watch: [{folder: a, pipeline: p, output: o, on_success: {trash: 720h}}]", ""},
		{"trash for no time", "watch: [{folder: a, pipeline: p, output: o, on_success: {trash: 0s}}]", "how long the trash keeps"},
		{"after what", "watch: [{folder: a, pipeline: p, output: o, on_success: delete}]", "must be keep, "},
		{"sidecars", "watch: [{folder: a, pipeline: p, output: o, on_success: {move: done, sidecars: keep}}]", ""},
		{"sidecars of what", "watch: [{folder: a, pipeline: p, output: o, on_success: {trash: 720h, sidecars: drop}}]", `sidecars must be move or keep, got "drop"`},
		{"sidecars alone", "watch: [{folder: a, pipeline: p, output: o, on_success: {sidecars: move}}]", "must be a folder to move to"},
		{"moved and thrown away", "watch: [{folder: a, pipeline: p, output: o, on_success: {move: done, trash: 1h}}]", "got both"},
		{"no hours", "quiet_hours: [\"25:00-06:00\"]", "must be hours such as"},
		{"hours", "quiet_hours: [\"22:00-06:30\", \"12:00-13:00\"]", ""},
		{"no output", "watch: [{folder: a, pipeline: p}]", "needs an output folder"},
		{"no folder", "watch: [{pipeline: p, output: o}]", "folder: must be the folder to watch"},
		{"negative timeout", "watch: [{folder: a, pipeline: p, output: o, incomplete_timeout: -1s}]", "incomplete_timeout: must be at least 0s, got -1s"},
		{"events of no kind", "watch: [{folder: a, pipeline: p, output: o, events: maybe}]", `events: must be auto, trust or never, got "maybe"`},
		{"negative settle", "watch: [{folder: a, pipeline: p, output: o, settle: -1s}]", "settle: must be at least 0s, got -1s"},
		{"no library", "restore: {runtime: {library: x.so}}", "x.so\" does not exist; create it or correct the path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, got := parse(t, folder, "version: 1\n"+test.text+pipeline)
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAConfigMadeInCode(t *testing.T) {
	var c config.Config
	faults := c.Check(registry(t))
	if !strings.Contains(faults.Error(), "version") || !strings.Contains(faults.Error(), "pipelines") {
		t.Errorf("got %v", faults)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("version: 1" + pipeline)
	f.Add("pipelines: {p: {steps: [{promptcir: }, sharpen: {sigma: 1}], outputs: [{path: x.jpg, thumbnail: {}, jpeg: {quality: 3}}]}}")
	f.Add("watch: [{}]\nrestore: {runtime: {providers: [a]}}")
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, faults := config.Parse("f.yaml", "/nowhere", []byte(text), reg)
		if errs, _ := faults.Split(); len(errs) == 0 && (c == nil || len(c.Pipelines) == 0 && !c.Faces.Imaginary.Enabled) {
			t.Errorf("%q passed", text)
		}
	})
}

func TestDevices(t *testing.T) {
	for yaml, want := range map[string]string{
		"cuda:1":           "cuda:1",
		"[cuda:0, cuda:1]": "cuda:0,cuda:1",
		"\"cuda:0,cpu\"":   "cuda:0,cpu",
		"{openvino: {device_type: GPU, num_of_threads: 4}}":       "openvino:0?device_type=GPU&num_of_threads=4",
		"[{cuda:1: {gpu_mem_limit: 4000000000}}, {openvino: {}}]": "cuda:1?gpu_mem_limit=4000000000,openvino:0",
	} {
		c, faults := parse(t, t.TempDir(), "version: 1\nrestore: {device: "+yaml+"}"+pipeline)
		if faults != "" || c.Restore.Device.String() != want {
			t.Errorf("%s: %q, %s", yaml, c.Restore.Device, faults)
		}
	}
	for yaml, want := range map[string]string{
		"gpu":                      "unknown device \"gpu\"; valid: auto, cpu, coreml, cuda",
		"[auto, cpu]":              "auto cannot be combined",
		"[[cpu]]":                  "must be a device such as cuda:0",
		"{cuda:0: {}, cuda:1: {}}": "several devices are a list",
		"{openvino: {a: [1]}}":     "must be a string or a number",
		"{cpu: {threads: 2}}":      "takes no options",
	} {
		if _, faults := parse(t, t.TempDir(), "version: 1\nrestore: {device: "+yaml+"}"+pipeline); !strings.Contains(faults, want) || !strings.Contains(faults, "f.yaml:2:") {
			t.Errorf("%s: %s", yaml, faults)
		}
	}
}
