package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/config"
)

// Fragments of fragments came to billions of steps from twelve lines.
func TestConfigurationsThatGrow(t *testing.T) {
	nested := func(leaf string) string {
		var b strings.Builder
		b.WriteString("version: 1\nfragments:\n  f0: {steps: [" + leaf + "]}\n")
		for i := 1; i < 12; i++ {
			fmt.Fprintf(&b, "  f%d: {steps: [%s]}\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("{use: f%d}, ", i-1), 9), ", "))
		}
		return b.String()
	}
	chain := "version: 1\nfragments:\n  f0: {steps: [sharpen]}\n"
	for i := range 5000 {
		chain += fmt.Sprintf("  f%d: {steps: [{use: f%d, when: 'width > 1'}]}\n", i+1, i)
	}
	when := func(text string) string {
		return "version: 1\npipelines:\n  p:\n    steps:\n      - sharpen: {}\n        when: '" + text + "'\n    outputs: [{path: '{stem}.jpg'}]\n"
	}
	const used = "pipelines:\n  p: {steps: [{use: f11}], outputs: [{path: '{stem}.jpg'}]}\n"
	for name, test := range map[string][2]string{
		"fragments":             {nested("{sharpen: {sigma: 1}}") + used, "f.yaml:16:15: with fragments expanded the pipeline has more than 2000 steps"},
		"fragments, unused":     {nested("sharpen") + pipeline, "f.yaml:7:16: with fragments expanded"},
		"fragments of nothing":  {nested("") + used, "with fragments expanded"},
		"fragments with faults": {nested("sharpne") + used, `unknown operator "sharpne"; did you mean "sharpen"?`},
		"a chain":               {chain + strings.ReplaceAll(used, "f11", "f5000"), "must be at most 500 pipelines and as many fragments, got 1 and 5001"},
		"steps":                 {"version: 1\npipelines: {p: {steps: [" + strings.Repeat("sharpen, ", 3000) + "], outputs: [{path: a.jpg}]}}", "more than 2000 steps"},
		"watched folders":       {"version: 1\nwatch: [" + strings.Repeat("{folder: a, pipeline: p, output: b}, ", 1500) + "]" + pipeline, "must be at most 1000 folders, got 1500"},
		"tests in tests":        {when("let a = 1..1000; all(a, all(a, all(a, # > 0)))"), "f.yaml:6:47: when: predicates cannot be nested"},
		"a long range":          {when("all(1..900000, # > 0)"), "f.yaml:6:21: when: a range must have at most 2000 items, got 1..900000"},
		"a long expression":     {when(strings.Repeat("(", 5000) + "true" + strings.Repeat(")", 5000)), "an expression must be at most 4096 bytes"},
	} {
		began := time.Now()
		_, faults := config.Parse("f.yaml", t.TempDir(), []byte(test[0]), registry(t))
		if !strings.Contains(faults.Error(), test[1]) {
			t.Errorf("%s: %.300s; want %q", name, faults, test[1])
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		if len(faults) > 3000 {
			t.Errorf("%s: %d faults", name, len(faults))
		}
	}
}

// What is wrong below a misspelt key is found at the same time.
func TestFaultsBelowAMisspeltKey(t *testing.T) {
	text := `version: 1
limts: {memroy: 2GB, pages: many}
pipelnes:
  p:
    steps:
      - sharpen: {sigmaa: 1}
        when: widht > 3 and quality < 90
    outptus:
      - path: "{stme}.jpg"
`
	_, faults := parse(t, t.TempDir(), text)
	for _, want := range []string{
		`f.yaml:2:1: unknown key "limts"; did you mean "limits"?`,
		`f.yaml:2:9: unknown key "memroy"; did you mean "memory"?`,
		`f.yaml:2:29: pages: must be a whole number, got "many"`,
		`f.yaml:3:1: unknown key "pipelnes"; did you mean "pipelines"?`,
		`f.yaml:6:19: unknown key "sigmaa"; did you mean "sigma"?`,
		`f.yaml:7:15: when: unknown variable "widht"; did you mean "width"?`,
		`f.yaml:8:5: unknown key "outptus"; did you mean "outputs"?`,
		`f.yaml:9:15: unknown field {stme}; did you mean "stem"?`,
	} {
		if !strings.Contains(faults, want) {
			t.Errorf("%q is not among\n%s", want, faults)
		}
	}
	if strings.Contains(faults, "describes no pipeline") || strings.Contains(faults, "no outputs") {
		t.Errorf("what is only misspelt is said to be missing:\n%s", faults)
	}
	for fact, want := range map[string]string{"quality < 90": `did you mean "jpeg.quality"?`, "jpeg_quality < 90": `did you mean "jpeg.quality"?`, `model == "x"`: `did you mean "camera.model"?`} {
		if _, faults := parse(t, t.TempDir(), "version: 1\npipelines: {p: {steps: [{sharpen: {}, when: '"+fact+"'}], outputs: [{path: a.jpg}]}}"); !strings.Contains(faults, want) {
			t.Errorf("%s: %s", fact, faults)
		}
	}
}

// A tab is told as such, at its place.
func TestTabs(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\npipelines:\n\tp:\n\t  steps: []\n":           "f.yaml:3:1: a tab indents this line",
		"version: 1\npipelines:\n  p:\n    steps:\n\t- sharpen\n": "f.yaml:5:1: a tab indents this line",
		"version: 1\nwatch:\n  - folder: a\n  \tpipeline: x\n":    "f.yaml:4:3: a tab indents this line",
	} {
		if _, faults := parse(t, t.TempDir(), text); !strings.Contains(faults, want) {
			t.Errorf("%q: %s", text, faults)
		}
	}
}

// A pipe without a writer kept burnish check from ending, even on Ctrl-C.
func TestAPipeThatNobodyWritesTo(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "burnish.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	loaded := make(chan string, 1)
	go func() {
		_, faults, err := config.Load(pipe, registry(t))
		loaded <- fmt.Sprint(faults, err)
	}()
	select {
	case got := <-loaded:
		if !strings.Contains(got, "the file is empty") {
			t.Error(got)
		}
	case <-time.After(time.Minute):
		t.Fatal("the pipe is waited for")
	}
}
