package promptcir_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/fidelity"
	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

// jpegOf is a part of a clean photo saved as a JPEG, as a photo on its way.
func jpegOf(t *testing.T, args vips.Args) ops.Image {
	t.Helper()
	clean := crop(t, 20, 30, 301, 203)
	defer clean.Close()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := clean.Save("jpegsave", path, args); err != nil {
		t.Fatal(err)
	}
	return jpegFile(t, path)
}

func jpegFile(t *testing.T, path string) ops.Image {
	t.Helper()
	p := must[*vips.Image](t)(vips.Open(path, vips.Sequential))
	return ops.Image{Pixels: p, Original: true, Source: &ops.Source{Path: path, Format: "jpeg", Width: p.Width(), Height: p.Height()}}
}

// restoredIn is what the operator makes of in, and what it notes of fidelity.
func restoredIn(t *testing.T, op ops.Operator, in ops.Image) (*vips.Image, string) {
	t.Helper()
	var notes ops.Notes
	out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{in}))
	defer out.Close()
	p := must[*vips.Image](t)(out.Pixels.Materialise(t.Context(), 1<<30, ""))
	return p, notes.All()["fidelity"]
}

// TestFidelity: strict, every coefficient lies within its interval; without it, some
// do not.
func TestFidelity(t *testing.T) {
	for _, fidelityOf := range []string{"strict", "auto", "off"} {
		for skip, args := range map[string]vips.Args{"auto": {"Q": 30}, "never": {"Q": 85, "subsample_mode": "off", "interlace": true}} {
			op := build(t, promptcir.Config{Model: "lite", Tile: 128, Skip: skip, Fidelity: fidelityOf}, cpu)
			in := jpegOf(t, args)
			p, note := restoredIn(t, op, in)
			in.Close()
			r := must[fidelity.Report](t)(fidelity.Judge(p, must[*coefficients.Reader](t)(coefficients.Open(in.Source.Path, ""))))
			p.Close()
			if total := fidelity.Total(r.Before); (total.Beyond == 0) != (fidelityOf != "off") || total.Coefficients == 0 {
				t.Errorf("%s, %v: %+v", fidelityOf, args, total)
			}
			if strings.HasPrefix(note, fidelityOf+": ") != (fidelityOf != "off") {
				t.Errorf("%s: the note says %q", fidelityOf, note)
			}
		}
	}
}

// TestFidelityOfASecondSave: what a good save tells of a bad one before it would bring
// the damage back. auto leaves the restored photo alone, strict does as it is told.
func TestFidelityOfASecondSave(t *testing.T) {
	clean := crop(t, 20, 30, 304, 208)
	defer clean.Close()
	once := compressed(t, clean, 25, vips.Random)
	defer once.Close()
	path := filepath.Join(t.TempDir(), "twice.jpg")
	if err := once.Save("jpegsave", path, vips.Args{"Q": 90}); err != nil {
		t.Fatal(err)
	}
	quality := map[string]float64{}
	for _, how := range []string{"strict", "auto", "off"} {
		in := jpegFile(t, path)
		p, note := restoredIn(t, build(t, promptcir.Config{Model: "lite", Tile: 128, Fidelity: how}, cpu), in)
		in.Close()
		quality[how] = psnr(t, values(t, p), values(t, clean))
		p.Close()
		if strings.Contains(note, "had been saved before") != (how == "auto") {
			t.Errorf("%s: the note says %q", how, note)
		}
	}
	if quality["auto"] != quality["off"] || quality["strict"] > quality["off"]-0.3 {
		t.Errorf("PSNR %v", quality)
	}
}

// TestFidelityNotApplicable: what cannot be held against a file is restored all the
// same, and the notes say why.
func TestFidelityNotApplicable(t *testing.T) {
	op := build(t, promptcir.Config{Model: "lite", Tile: 128, Fidelity: "strict"}, cpu)
	for want, change := range map[string]func(in ops.Image) ops.Image{
		"no JPEG":         func(in ops.Image) ops.Image { in.Source.Format = "png"; return in },
		"a step before":   func(in ops.Image) ops.Image { in.Original = false; return in },
		"of 4 components": func(in ops.Image) ops.Image { in.Close(); return jpegFile(t, "../jpeg/coefficients/testdata/cmyk.jpg") },
		"300×203 pixels":  func(in ops.Image) ops.Image { in.Pixels = narrower(t, in.Pixels); return in },
	} {
		in := change(jpegOf(t, vips.Args{"Q": 50}))
		p, note := restoredIn(t, op, in)
		in.Close()
		p.Close()
		if !strings.HasPrefix(note, "not applicable: ") || !strings.Contains(note, want) {
			t.Errorf("got %q, want %q", note, want)
		}
	}
}

func narrower(t *testing.T, p *vips.Image) *vips.Image {
	t.Helper()
	defer p.Close()
	return must[*vips.Image](t)(p.Do("extract_area", vips.Args{"left": 0, "top": 0, "width": p.Width() - 1, "height": p.Height()}))
}

// damage is one or several saves, the last of which the projection knows.
type damage struct {
	name  string
	saves []save
}

type save struct {
	q     int
	mode  string  // subsampling: on or off
	x, y  int     // cut off at the left and top before
	scale float64 // and then scaled by; 0: not
}

func damages() (all []damage) {
	for mode, name := range map[string]string{"on": "4:2:0", "off": "4:4:4"} {
		for _, q := range []int{10, 30, 50, 75, 85, 90, 95} {
			all = append(all, damage{fmt.Sprintf("q%d,%s", q, name), []save{{q: q, mode: mode}}})
		}
	}
	return append(all,
		damage{"q30,q90,4:2:0", []save{{q: 30, mode: "on"}, {q: 90, mode: "on"}}},
		damage{"q40,q95,4:4:4", []save{{q: 40, mode: "on"}, {q: 95, mode: "off"}}},
		damage{"q75,q70,q80,4:2:0", []save{{q: 75, mode: "on"}, {q: 70, mode: "on"}, {q: 80, mode: "on"}}},
		damage{"q40,shifted,q75,4:2:0", []save{{q: 40, mode: "on"}, {q: 75, mode: "on", x: 3, y: 5}}},
		damage{"q50,shifted,q90,4:4:4", []save{{q: 50, mode: "on"}, {q: 90, mode: "off", x: 3, y: 5}}},
		damage{"q30,×0.7,q92,4:2:0", []save{{q: 30, mode: "on"}, {q: 92, mode: "on", scale: 0.7}}},
		damage{"q40,×1.5,q90,4:2:0", []save{{q: 40, mode: "on"}, {q: 90, mode: "on", scale: 1.5}}},
		damage{"q75,×0.7,q75,4:2:0", []save{{q: 75, mode: "on"}, {q: 75, mode: "on", scale: 0.7}}},
		damage{"q90,×0.5,q90,4:2:0", []save{{q: 90, mode: "on"}, {q: 90, mode: "on", scale: 0.5}}})
}

// BenchmarkFidelity shows what agreeing with the file is worth. VALID names a folder
// of clean photos, PHOTOS says how many of them, OUT is a folder for pictures that
// other measures are taken of. VALID=FOLDER BENCH=Fidelity make bench.
func BenchmarkFidelity(b *testing.B) {
	photos, _ := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("VALID"), "../../../shared/data/valid"), "*.webp"))
	if n, err := strconv.Atoi(os.Getenv("PHOTOS")); err == nil {
		photos = photos[:min(n, len(photos))]
	}
	if len(photos) == 0 {
		b.Skip("no photos; set VALID")
	}
	op := build(b, promptcir.Config{Model: "lite"}, cpu)
	for _, d := range damages() {
		b.Run(d.name, func(b *testing.B) {
			for b.Loop() {
				measureFidelity(b, op, photos, d)
			}
		})
	}
}

func measureFidelity(b *testing.B, op ops.Operator, photos []string, d damage) {
	n := float64(len(photos))
	plain, share := 0.0, 0.0
	gains := map[string][]float64{}
	for i, path := range photos {
		clean, file := resaved(b, path, d.saves)
		want := values(b, clean)
		restored := restoredFrom(b, op, file)
		dB := psnr(b, values(b, restored), want)
		plain += dB / n
		pictures := map[string]*vips.Image{"clean": clean, "off": restored}
		for name, how := range map[string]fidelity.Mode{"strict": fidelity.Strict, "auto": fidelity.Auto} {
			agreed, report := agreedWith(b, restored, file, how)
			gains[name] = append(gains[name], psnr(b, values(b, agreed), want)-dB)
			pictures[name] = agreed
			if total := fidelity.Total(report.After); how == fidelity.Strict && total.Beyond > 0 {
				b.Errorf("%s: %+v", path, total)
			}
			if how == fidelity.Auto {
				share += 100 * fidelity.Total(report.Before).Share() / n
			}
		}
		keep(b, d.name, i, pictures)
		for _, p := range pictures {
			p.Close()
		}
	}
	b.ReportMetric(plain, "dB-off")
	b.ReportMetric(share, "%-outside")
	for name, all := range gains {
		sum, worse := 0.0, 0.0
		for _, g := range all {
			sum += g
			if g < -0.05 {
				worse++
			}
		}
		b.ReportMetric(sum/n, "dB-"+name)
		b.ReportMetric(slices.Min(all), "dB-least-"+name)
		b.ReportMetric(worse, "worse-"+name)
	}
	b.ReportMetric(0, "ns/op")
}

// agreedWith is the restored photo, moved to agree with the file.
func agreedWith(b *testing.B, restored *vips.Image, file string, how fidelity.Mode) (*vips.Image, fidelity.Report) {
	b.Helper()
	var report fidelity.Report
	projected := must[*vips.Image](b)(fidelity.Project(restored, must[*coefficients.Reader](b)(coefficients.Open(file, "")), how, func(r fidelity.Report) { report = r }))
	defer projected.Close()
	return must[*vips.Image](b)(projected.Materialise(b.Context(), 1<<30, "")), report
}

// resaved is the clean photo, cut as its JPEG was, and the path of that.
func resaved(b *testing.B, path string, saves []save) (*vips.Image, string) {
	b.Helper()
	clean := must[*vips.Image](b)(vips.Open(path, vips.Random))
	now, file := clean.Ref(), ""
	for i, s := range saves {
		for _, p := range []**vips.Image{&clean, &now} {
			cut := must[*vips.Image](b)((*p).Do("extract_area", vips.Args{"left": s.x, "top": s.y, "width": (*p).Width() - s.x, "height": (*p).Height() - s.y}))
			(*p).Close()
			*p = must[*vips.Image](b)(cut.Do("resize", vips.Args{"scale": cmp.Or(s.scale, 1)}))
			cut.Close()
		}
		file = filepath.Join(b.TempDir(), fmt.Sprintf("%d.jpg", i))
		if err := now.Save("jpegsave", file, vips.Args{"Q": s.q, "subsample_mode": s.mode}); err != nil {
			b.Fatal(err)
		}
		now.Close()
		now = must[*vips.Image](b)(vips.Open(file, vips.Random))
	}
	now.Close()
	return clean, file
}

func restoredFrom(b *testing.B, op ops.Operator, file string) *vips.Image {
	b.Helper()
	in := must[*vips.Image](b)(vips.Open(file, vips.Random))
	defer in.Close()
	out := must[ops.Image](b)(op.Apply(b.Context(), []ops.Image{{Pixels: in}}))
	defer out.Close()
	return must[*vips.Image](b)(out.Pixels.Materialise(b.Context(), 1<<30, ""))
}

// keep writes pictures where OUT asks for them.
func keep(b *testing.B, name string, i int, pictures map[string]*vips.Image) {
	b.Helper()
	out := os.Getenv("OUT")
	if out == "" {
		return
	}
	for kind, p := range pictures {
		path := filepath.Join(out, fmt.Sprintf("%s-%02d-%s.png", strings.ReplaceAll(name, ":", ""), i, kind))
		if err := p.Save("pngsave", path, vips.Args{"compression": 1}); err != nil {
			b.Fatal(err)
		}
	}
}
