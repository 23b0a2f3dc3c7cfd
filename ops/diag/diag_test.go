package diag_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/google/go-cmp/cmp"
)

type settings struct {
	Name   string         `yaml:"name"`
	Count  int            `yaml:"count"`
	Ratio  float64        `yaml:"ratio"`
	On     bool           `yaml:"on"`
	Settle time.Duration  `yaml:"settle"`
	List   []string       `yaml:"list"`
	Nested *nested        `yaml:"nested"`
	Many   map[string]int `yaml:"many"`
	Inline `yaml:",inline"`
	Hidden string `yaml:"-"`
}

type nested struct {
	Width int `yaml:"width"`
}

// Inline is exported so that its fields can be set through the embedding.
type Inline struct {
	Folder string `yaml:"folder"`
}

func (s *settings) Validate() error {
	if s.Count > 10 {
		return errors.Join(diag.Invalid("count", "must be at most 10, got %d", s.Count), diag.Invalid("nested.width", "too wide"))
	}
	return nil
}

func decode(t *testing.T, text string) (settings, diag.Diagnostics) {
	t.Helper()
	s := settings{Name: "default", Count: 3}
	root, err := diag.Parse("f.yaml", []byte(text))
	if err != nil {
		return s, err.(diag.Diagnostics)
	}
	faults := diag.Decode(root, &s)
	if len(faults) == 0 {
		faults = diag.Validate(root, &s)
	}
	return s, faults.In("f.yaml")
}

func TestDecode(t *testing.T) {
	got, faults := decode(t, `
count: 0x10
ratio: 2
on: true
settle: 1m30s
list: [a, b]
nested: {width: 7}
many: {x: 1}
folder: ./in
`)
	if len(faults) != 2 { // count is over 10
		t.Fatal(faults)
	}
	want := settings{Name: "default", Count: 16, Ratio: 2, On: true, Settle: 90 * time.Second,
		List: []string{"a", "b"}, Nested: &nested{7}, Many: map[string]int{"x": 1}, Inline: Inline{"./in"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "nmae: x", `f.yaml:1:1: unknown key "nmae"; did you mean "name"?`},
		{"unknown nested key", "nested:\n  widht: 3", `f.yaml:2:3: unknown key "widht"; did you mean "width"?`},
		{"several", "count: a\non: 3\n", "f.yaml:1:8: count: must be a whole number, got \"a\"\nf.yaml:2:5: on: must be true or false, got \"3\""},
		{"twice", "name: a\nname: b", `f.yaml:2:1: "name" is already set on line 1`},
		{"list", "list: a", `f.yaml:1:7: list: must be a list, got "a"; write ["a"]`},
		{"mapping", "nested: [1]", `f.yaml:1:9: nested: must be a mapping, got a list; its keys are width`},
		{"duration", "settle: 2", `f.yaml:1:9: settle: must be a duration such as 2s or 500ms, got "2"`},
		{"not a number", "ratio: .nan", `f.yaml:1:8: ratio: must be a number, got ".nan"`},
		{"hidden", "Hidden: x", `f.yaml:1:1: unknown key "Hidden"`},
		{"empty", "", "f.yaml: the file is empty"},
		{"two documents", "name: a\n---\nname: b", "f.yaml:"},
		{"syntax", "name: [a", "f.yaml:1:1: "},
		{"alias to itself", "many: &a\n  x: *a", "f.yaml:"},
		{"validated", "count: 11\nnested:\n  width: 4", "f.yaml:1:8: count: must be at most 10, got 11\nf.yaml:3:10: width: too wide"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, faults := decode(t, test.text)
			if !strings.HasPrefix(faults.Error(), test.want) || len(faults) == 0 {
				t.Errorf("got\n%s\nwant\n%s", faults.Error(), test.want)
			}
		})
	}
}

func TestMergeKeysAndAliases(t *testing.T) {
	got, faults := decode(t, "nested: &n {width: 5}\nmany:\n  <<: {x: 1, y: 2}\n  x: 3\nname: *s\n")
	if len(faults) == 0 {
		t.Fatalf("an undefined alias passed: %+v", got)
	}
	got, faults = decode(t, "list: [&s hello]\nname: *s\nmany:\n  <<: {x: 1, y: 2}\n  x: 3\n")
	if len(faults) > 0 || got.Name != "hello" || got.Many["x"] != 3 || got.Many["y"] != 2 {
		t.Errorf("got %+v, %v", got, faults)
	}
}

func TestAliasesDoNotExplode(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		b.WriteString(strings.ReplaceAll("aN: &aN [*aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM]\n", "N", string(rune('0'+i))))
		text := strings.ReplaceAll(b.String(), "M", string(rune('0'+i-1)))
		b.Reset()
		b.WriteString(text)
	}
	if _, err := diag.Parse("bomb.yaml", []byte(b.String())); err == nil {
		t.Error("a document of a thousand million nodes was taken")
	}
}

func TestNearest(t *testing.T) {
	valid := []string{"resize", "sharpen", "promptcir", "crop"}
	for word, want := range map[string]string{"reszie": "resize", "Sharpn": "sharpen", "promtcir": "promptcir", "blur": "", "corp": "crop"} {
		if got := diag.Nearest(word, valid); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("name: a\ncount: 3\nnested: {width: 2}\n")
	f.Add("a: &a [*a]")
	f.Add("<<: [{name: x}, {count: 1}]")
	f.Fuzz(func(t *testing.T, text string) {
		var s settings
		root, err := diag.Parse("f.yaml", []byte(text))
		if err != nil {
			return
		}
		for _, fault := range diag.Decode(root, &s) {
			if fault.Message == "" {
				t.Error("a fault without a message")
			}
		}
	})
}
