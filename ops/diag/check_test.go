package diag_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

type limits struct {
	Mode    string             `yaml:"mode" enum:"fast,slow,"`
	Angle   int                `yaml:"angle" enum:"0,90,180"`
	Classes []string           `yaml:"classes" enum:"exif,xmp"`
	Sigma   float64            `yaml:"sigma" range:">0,10"`
	Width   int                `yaml:"width" range:"0|64,2048"`
	Wait    time.Duration      `yaml:"wait" range:"1s,"`
	Memory  diag.Size          `yaml:"memory" range:"0|100MB,2GiB"`
	Parts   []part             `yaml:"parts"`
	Named   map[string]*part   `yaml:"named"`
	Free    map[string]float64 `yaml:"free"`
	Shared  `yaml:",inline"`
}

// Shared is exported so that its fields can be set through the embedding.
type Shared struct {
	Depth int `yaml:"depth" range:"0,3"`
}

type part struct {
	Share float64 `yaml:"share" range:"0,1"`
	Whole bool    `yaml:"whole"`
}

func (p part) Validate() error {
	if p.Whole && p.Share > 0 {
		return errors.Join(diag.Invalid("share", "a whole has none"), errors.New("it is one or the other"))
	}
	return nil
}

func TestCheck(t *testing.T) {
	valid := func() limits { return limits{Sigma: 1, Wait: time.Second} }
	for want, change := range map[string]func(*limits){
		"": func(l *limits) { l.Mode, l.Width, l.Classes, l.Memory = "slow", 64, []string{"xmp"}, 2<<30 },
		`mode: must be fast or slow, got "slwo"; did you mean "slow"?`:                           func(l *limits) { l.Mode = "slwo" },
		`angle: must be 0, 90 or 180, got 45`:                                                    func(l *limits) { l.Angle = 45 },
		`classes.1: must be exif or xmp, got "gps"`:                                              func(l *limits) { l.Classes = []string{"exif", "gps"} },
		"sigma: must be more than 0 and at most 10, got 0":                                       func(l *limits) { l.Sigma = 0 },
		"sigma: must be more than 0 and at most 10, got NaN":                                     func(l *limits) { l.Sigma = math.NaN() },
		"width: must be 64 to 2048, or 0, got 63":                                                func(l *limits) { l.Width = 63 },
		"wait: must be at least 1s, got 10ms":                                                    func(l *limits) { l.Wait = 10 * time.Millisecond },
		"memory: must be 100MB to 2GiB, or 0, got 3GiB":                                          func(l *limits) { l.Memory = 3 << 30 },
		"memory: must be 100MB to 2GiB, or 0, got 2KiB; write a size with its unit, such as 2GB": func(l *limits) { l.Memory = 2048 },
		"depth: must be 0 to 3, got 4":                                                           func(l *limits) { l.Depth = 4 },
		"parts.1.share: must be 0 to 1, got 2":                                                   func(l *limits) { l.Parts = []part{{}, {Share: 2}} },
		"named.a.share: must be 0 to 1, got -1":                                                  func(l *limits) { l.Named = map[string]*part{"a": {Share: -1}, "b": nil} },
		"parts.0.share: a whole has none\nparts.0: it is one or the other": func(l *limits) {
			l.Parts = []part{{Share: 1, Whole: true}}
		},
		"angle: must be 0, 90 or 180, got 1\ndepth: must be 0 to 3, got -1": func(l *limits) { l.Angle, l.Depth = 1, -1 },
	} {
		l := valid()
		change(&l)
		got := ""
		if err := diag.Check(&l); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if (diag.Check(l) == nil) != (want == "") {
			t.Errorf("by value: %v, want %q", diag.Check(l), want)
		}
	}
}

// What Check finds is shown where it stands in the file.
func TestCheckHasPlaces(t *testing.T) {
	root, err := diag.Parse("f.yaml", []byte("sigma: 1\nwait: 2s\nparts:\n  - share: 1\n    whole: true\n  - {share: 3}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var l limits
	faults := append(diag.Decode(root, &l), diag.Validate(root, &l)...).In("f.yaml")
	want := "f.yaml:4:5: parts: it is one or the other\nf.yaml:4:12: share: a whole has none\nf.yaml:6:13: share: must be 0 to 1, got 3"
	if got := faults.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParseRange(t *testing.T) {
	for tag, want := range map[string]string{
		"0,10": "0 to 10", ">0,10": "more than 0 and at most 10", "1,": "at least 1", ",5": "at most 5",
		">0,": "more than 0", "0|64,2048": "64 to 2048, or 0", "": "any number",
	} {
		if r, err := diag.ParseRange(tag); err != nil || r.String() != want {
			t.Errorf("%q: %q, %v; want %q", tag, r, err, want)
		}
	}
	if _, err := diag.ParseRange("few,many"); err == nil || !strings.Contains(err.Error(), "few") {
		t.Errorf("a range of words: %v", err)
	}
}
