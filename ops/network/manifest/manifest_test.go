package manifest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/network/manifest"
)

// The manifests of the guide can be read, and say what they say once more when they
// are written.
func TestManifestsOfTheGuide(t *testing.T) {
	page, err := os.ReadFile("../../../packaging/docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)\n```yaml\n(version: 1\n.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 6 {
		t.Fatalf("%d manifests", len(blocks))
	}
	for _, b := range blocks {
		m, err := manifest.Parse("guide.yaml", []byte(b[1]))
		if err != nil || m.Name == "" || m.Licence == "" || m.Source == "" || m.Range == nil || m.Scale == 0 {
			t.Errorf("%v in\n%s", err, b[1])
			continue
		}
		again, err := manifest.Parse("again.yaml", []byte(m.Text()))
		if err != nil || again.Text() != m.Text() || len(again.Said()) != len(m.Said()) {
			t.Errorf("%v: written\n%s\nof\n%s", err, m.Text(), b[1])
		}
	}
}

func TestKeysOver(t *testing.T) {
	step := manifest.Keys{Scale: 2, Values: manifest.Values{"a": "1"}}
	below := manifest.Keys{Scale: 4, Channels: "bgr", Range: manifest.Interval{0, 255}, Values: manifest.Values{"a": "2", "b": "3"}}
	all := step.Over(below)
	if all.Scale != 2 || all.Channels != "bgr" || all.Range[1] != 255 || all.Values["a"] != "1" || all.Values["b"] != "3" {
		t.Errorf("%+v", all)
	}
	if said := strings.Join(all.Values.Names(), " "); said != "a b" || all.Said()["range"] != "[0, 255]" {
		t.Errorf("%q, %v", said, all.Said())
	}
}

// FuzzParse reads whatever text: it ends with a manifest or an error.
func FuzzParse(f *testing.F) {
	f.Add("version: 1\nrange: [0, 1]\nvalues: {a: 1}\n")
	f.Add("version: 1\nsize: [64, 64]\nmultiple: 8\n")
	f.Add("&a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := manifest.Parse("m.yaml", []byte(text))
		if err != nil {
			return
		}
		if _, err := manifest.Parse("again.yaml", []byte(m.Text())); err != nil {
			t.Errorf("%v of\n%s\nwritten of\n%s", err, m.Text(), text)
		}
	})
}
