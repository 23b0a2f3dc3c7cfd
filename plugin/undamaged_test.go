package plugin_test

import (
	"bytes"
	"cmp"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

const restoring = `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - promptcir: {model: lite}
        id: restored
      - resize: {width: 2000}
    outputs:
      - path: "{stem}.restored.jpg"
        from: restored
      - path: "{stem}.web.jpg"
      - path: "{stem}.webp"
        from: restored
`

// undamagedPhoto is a real clean photo as a camera would save it.
func undamagedPhoto(b *fixture) string {
	b.Helper()
	img, err := vips.Open("../packaging/demo/originals/mountain.webp", vips.Random)
	if err != nil {
		b.Fatal(err)
	}
	defer img.Close()
	path := b.path("in/clean.jpg")
	if err := img.Save("jpegsave", path, vips.Args{"Q": 96}); err != nil {
		b.Fatal(err)
	}
	return path
}

func TestAnUndamagedPhotoStaysByteForByte(t *testing.T) {
	b := newFixture(t, restoring, plugin.WithLedger())
	path := undamagedPhoto(b)
	r := b.done(path)
	if !strings.HasPrefix(r.Notes["left_alone"], "undamaged") || r.Notes["device"] != "" {
		t.Errorf("the result says %v", r.Notes)
	}
	original, _ := os.ReadFile(path)
	copied, _ := os.ReadFile(b.path("out/clean.restored.jpg"))
	if !bytes.Equal(original, copied) {
		t.Error("the output that asks for nothing else is not the source's bytes")
	}
	web, _ := os.ReadFile(b.path("out/clean.web.jpg"))
	if len(web) == 0 || bytes.Equal(original, web) {
		t.Error("an output after a resize was not encoded")
	}
	format, err := vips.Sniff(b.path("out/clean.webp"))
	if err != nil || format != "webp" {
		t.Errorf("the output in another format is %q, %v", format, err)
	}

	// The copy is Burnish's own: another pipeline may replace it.
	b.config = strings.Replace(restoring, "model: lite", "model: lite, skip: never", 1)
	b.reopen()
	if r := b.done(path); r.Notes["device"] == "" {
		t.Errorf("the photo was not restored: %v", r.Notes)
	}
	if now, _ := os.ReadFile(b.path("out/clean.restored.jpg")); bytes.Equal(now, original) {
		t.Error("the restored photo is still the copy")
	}
}

// A photo without damage stays as it is in any format; one that was a JPEG before
// is restored.
func TestPNGsAreJudged(t *testing.T) {
	b := newFixture(t, `
version: 1
state_dir: state
pipelines:
  small:
    steps: [{promptcir: {model: lite}}]
    outputs: [{path: "{stem}.png"}, {path: "{stem}.webp"}]
`)
	for name, q := range map[string]int{"clean": 0, "damaged": 60} {
		from := "../packaging/demo/originals/mountain.webp"
		path := b.path("in/" + name + ".png")
		for _, step := range []struct {
			saver, to string
			args      vips.Args
		}{{"jpegsave", b.path(name + ".jpg"), vips.Args{"Q": q}}, {"pngsave", path, nil}} {
			if q == 0 && step.saver == "jpegsave" {
				continue
			}
			img, err := vips.Open(from, vips.Random)
			if err != nil {
				t.Fatal(err)
			}
			err = img.Save(step.saver, step.to, step.args)
			img.Close()
			if err != nil {
				t.Fatal(err)
			}
			from = step.to
		}
		r := b.done(path)
		original, _ := os.ReadFile(path)
		output, _ := os.ReadFile(b.path("out/" + name + ".png"))
		if clean := name == "clean"; bytes.Equal(original, output) != clean || (r.Notes["device"] == "") != clean {
			t.Errorf("%s: the source's bytes: %t; the result says %v", name, bytes.Equal(original, output), r.Notes)
		}
		told, err := tools.Explain(b.path("out/" + name + ".webp"))
		if err != nil || told.Provenance == nil || !strings.Contains(told.Provenance.Evidence, "damaged: correction ") {
			t.Errorf("%s: explained as %+v, %v", name, told.Provenance, err)
		}
	}
}

func TestATruncatedPhotoIsNotLeftAlone(t *testing.T) {
	b := newFixture(t, restoring)
	whole, _ := os.ReadFile(undamagedPhoto(b))
	b.fails(b.write("in/cut.jpg", whole[:len(whole)-2000]), plugin.Damaged)
	if got := b.files("."); strings.Contains(strings.Join(got, " "), "out/") {
		t.Errorf("published %v", got)
	}
}

// What an output asks for it gets of an undamaged photo, too: a copy of the file
// would have none of it.
func TestUndamagedPhotosGetWhatIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		asks string
		copy bool
	}{
		"nothing":            {"", true},
		"an empty block":     {"jpeg: {}", true},
		"no provenance":      {"provenance: false", true},
		"quality":            {"jpeg: {quality: 60}", false},
		"another's quality":  {"format: auto\n        png: {compression: 9}", true},
		"provenance":         {"provenance: true", false},
		"no places":          {"strip: [gps]", false},
		"no gain map, as is": {"gainmap: drop", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, `
version: 1
pipelines:
  small:
    steps:
      - promptcir: {model: lite}
    outputs:
      - path: "{stem}.restored.{ext}"
        `+cmp.Or(c.asks, "format: auto")+`
`+map[bool]string{true: "", false: "        format: auto\n"}[c.asks == "" || strings.Contains(c.asks, "format:")])
			path := undamagedPhoto(b)
			if r := b.done(path); !strings.HasPrefix(r.Notes["left_alone"], "undamaged") {
				t.Fatalf("the result says %v", r.Notes)
			}
			original, _ := os.ReadFile(path)
			made, err := os.ReadFile(b.path("out/clean.restored.jpg"))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(original, made) != c.copy {
				t.Errorf("the output is the photo's file: %v, want %v", !c.copy, c.copy)
			}
		})
	}
}
