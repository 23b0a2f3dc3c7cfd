package fidelity

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func read(t testing.TB, path string) *coefficients.Reader {
	t.Helper()
	return must[*coefficients.Reader](t)(coefficients.Open(path, t.TempDir()))
}

// changed is what a restoration might make of a JPEG: smoothed, with some noise.
func changed(t testing.TB, path string, noise float64) *vips.Image {
	t.Helper()
	decoded := must[*vips.Image](t)(vips.Open(path, vips.Random))
	defer decoded.Close()
	soft := must[*vips.Image](t)(decoded.Do("gaussblur", vips.Args{"sigma": 0.8}))
	defer soft.Close()
	pixels := must[[]byte](t)(soft.Pixels())
	random := rand.New(rand.NewPCG(1, 2))
	for i, v := range pixels {
		pixels[i] = byte(min(max(float64(v)+noise*random.NormFloat64()+0.5, 0), 255))
	}
	return must[*vips.Image](t)(vips.FromMemory(pixels, soft.Width(), soft.Height(), soft.Bands(), "uchar"))
}

func judged(t testing.TB, p *vips.Image, path string) Report {
	t.Helper()
	return must[Report](t)(Judge(p, read(t, path)))
}

// TestProjectionAgrees holds pictures against files of all samplings, codings and
// sizes, before and after.
func TestProjectionAgrees(t *testing.T) {
	files, _ := filepath.Glob("../jpeg/coefficients/testdata/*.jpg")
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".jpg")
		if name == "cmyk" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, noise := range []float64{0, 4, 25} {
				agrees(t, path, noise)
			}
		})
	}
}

// agrees projects a picture and judges what comes out anew.
func agrees(t *testing.T, path string, noise float64) {
	t.Helper()
	p := changed(t, path, noise)
	defer p.Close()
	before := judged(t, p, path)
	if total := Total(before.Before); (total.Beyond == 0) != (filepath.Base(path) == "wide-steps.jpg") || before.Rows != p.Height() {
		t.Errorf("noise %g: the picture agrees as it came: %+v", noise, before)
	}
	var report Report
	projected := must[*vips.Image](t)(Project(p, read(t, path), Strict, func(r Report) { report = r }))
	defer projected.Close()
	kept := must[*vips.Image](t)(projected.Materialise(t.Context(), 1<<30, ""))
	defer kept.Close()
	after := judged(t, kept, path)
	a, b := Total(after.Before), Total(report.After)
	t.Logf("noise %g: %s; then %+v", noise, report, a)
	if a.Beyond > 0 || a.Greatest > Tolerance {
		t.Errorf("noise %g: %d coefficients lie outside, by up to %.2f", noise, a.Beyond, a.Greatest)
	}
	if a.Beyond != b.Beyond || math.Abs(a.Greatest-b.Greatest) > 0.1 {
		t.Errorf("noise %g: it was reported %+v, and is %+v", noise, b, a)
	}
	if got, want := Total(report.Before), Total(before.Before); got != want {
		t.Errorf("noise %g: before it was reported %+v, and is %+v", noise, got, want)
	}
}

// original is a clean photo that the repository carries, CC0.
const original = "../../packaging/demo/originals/osprey.webp"

// photo is a part of it, and the path of a JPEG made of that.
func photo(t testing.TB, w, h int, args vips.Args) (*vips.Image, string) {
	t.Helper()
	whole := must[*vips.Image](t)(vips.Open(original, vips.Random))
	defer whole.Close()
	part := must[*vips.Image](t)(whole.Do("extract_area", vips.Args{"left": 11, "top": 13, "width": w, "height": h}))
	t.Cleanup(part.Close)
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := part.Save("jpegsave", path, args); err != nil {
		t.Fatal(err)
	}
	return part, path
}

// TestPhotos also looks at what the projection is worth: the clean photo lies in
// the set that it projects on, so that no picture gets further away from it but by
// rounding.
func TestPhotos(t *testing.T) {
	for _, mode := range []string{"on", "off"} {
		for _, q := range []int{5, 30, 60, 85, 90, 95, 100} {
			clean, path := photo(t, 397, 301, vips.Args{"Q": q, "subsample_mode": mode})
			truth := judged(t, clean, path)
			p := changed(t, path, 2)
			projected := must[*vips.Image](t)(Project(p, read(t, path), Strict, nil))
			kept := must[*vips.Image](t)(projected.Materialise(t.Context(), 1<<30, ""))
			after := Total(judged(t, kept, path).Before)
			a, b := distance(t, p, clean), distance(t, kept, clean)
			t.Logf("q %d, subsampling %s: the clean photo %+v; projected %+v; %.2f dB, then %.2f", q, mode, Total(truth.Before), after, a, b)
			if after.Beyond > 0 {
				t.Errorf("q %d, subsampling %s: %+v", q, mode, after)
			}
			if b < a-0.05 {
				t.Errorf("q %d, subsampling %s: %.2f dB before, %.2f after", q, mode, a, b)
			}
			for _, i := range []*vips.Image{p, projected, kept} {
				i.Close()
			}
		}
	}
}

// distance is the PSNR.
func distance(t testing.TB, a, b *vips.Image) float64 {
	t.Helper()
	x, y := must[[]byte](t)(a.Pixels()), must[[]byte](t)(b.Pixels())
	sum := 0.0
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(x))/sum)
}

// TestWhatAgreesStays: a picture with nothing outside comes back to the byte.
func TestWhatAgreesStays(t *testing.T) {
	_, path := photo(t, 64, 48, vips.Args{"Q": 10, "subsample_mode": "off"})
	p := must[*vips.Image](t)(vips.Open(path, vips.Random))
	defer p.Close()
	if total := Total(judged(t, p, path).Before); total.Outside > 0 {
		t.Skipf("the decoder clips: %+v", total)
	}
	projected := must[*vips.Image](t)(Project(p, read(t, path), Strict, nil))
	defer projected.Close()
	if d := distance(t, p, projected); !math.IsInf(d, 1) {
		t.Errorf("it was changed: %.1f dB", d)
	}
}

func TestRefusals(t *testing.T) {
	const folder = "../jpeg/coefficients/testdata/"
	for name, make := range map[string]func(t *testing.T) (*vips.Image, string){
		"another size": func(t *testing.T) (*vips.Image, string) {
			p := changed(t, folder+"420.jpg", 0)
			defer p.Close()
			return must[*vips.Image](t)(p.Do("extract_area", vips.Args{"left": 0, "top": 0, "width": 60, "height": 40})), folder + "420.jpg"
		},
		"CMYK": func(t *testing.T) (*vips.Image, string) { return changed(t, folder+"420.jpg", 0), folder + "cmyk.jpg" },
		"gray alone": func(t *testing.T) (*vips.Image, string) {
			return changed(t, folder+"gray-22.jpg", 0), folder + "420.jpg"
		},
		"16 bits": func(t *testing.T) (*vips.Image, string) {
			p := changed(t, folder+"420.jpg", 0)
			defer p.Close()
			return must[*vips.Image](t)(p.Do("cast", vips.Args{"format": "ushort"})), folder + "420.jpg"
		},
	} {
		p, path := make(t)
		if _, err := Project(p, read(t, path), Strict, nil); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v", name, err)
		}
		p.Close()
	}
}

// TestDamagedFile: rows whose coefficients are not sound are left as they are.
func TestDamagedFile(t *testing.T) {
	_, path := photo(t, 200, 200, vips.Args{"Q": 50})
	p := changed(t, path, 6)
	defer p.Close()
	file := must[[]byte](t)(os.ReadFile(path))
	cut := filepath.Join(t.TempDir(), "cut.jpg")
	if err := os.WriteFile(cut, file[:len(file)*3/4], 0o600); err != nil {
		t.Fatal(err)
	}
	var report Report
	projected := must[*vips.Image](t)(Project(p, read(t, cut), Strict, func(r Report) { report = r }))
	defer projected.Close()
	before, after := must[[]byte](t)(p.Pixels()), must[[]byte](t)(projected.Pixels())
	if report.Rows == 0 || report.Rows >= 200 || !strings.Contains(report.String(), "damaged from row") {
		t.Fatalf("%+v: %s", report, report)
	}
	for i := report.Rows * 200 * 3; i < len(before); i++ {
		if before[i] != after[i] {
			t.Fatalf("row %d was moved, of which nothing is known", i/600)
		}
	}
}

func TestTransform(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var b, f block
	for i := range b {
		b[i] = float32(random.IntN(256)) - 128
	}
	f = b
	f.transform()
	for k := range f {
		want := 0.0
		for i, v := range b {
			want += float64(v) / 4 * basis(i%8, k%8) * basis(i/8, k/8)
		}
		if math.Abs(want-float64(f[k])) > 0.001 {
			t.Errorf("coefficient %d is %v, want %v", k, f[k], want)
		}
	}
	f.inverse()
	for i := range b {
		if math.Abs(float64(b[i]-f[i])) > 0.001 {
			t.Errorf("sample %d came back as %v, was %v", i, f[i], b[i])
		}
	}
}

func basis(x, u int) float64 {
	c := math.Cos(float64((2*x+1)*u) * math.Pi / 16)
	if u == 0 {
		c /= math.Sqrt2
	}
	return c
}

func BenchmarkProject(b *testing.B) {
	_, path := photo(b, 432, 432, vips.Args{"Q": 75})
	p := changed(b, path, 2)
	defer p.Close()
	b.SetBytes(432 * 432)
	for b.Loop() {
		projected := must[*vips.Image](b)(Project(p, read(b, path), Strict, nil))
		must[[]byte](b)(projected.Pixels())
		projected.Close()
	}
}

// TestSaturatedColours: where bands are cut off at 0 or 255 the set of pictures that
// agree is small, and its members are not found at once.
func TestSaturatedColours(t *testing.T) {
	const w, h = 160, 112
	random := rand.New(rand.NewPCG(5, 6))
	pixels := make([]byte, w*h*3)
	for i := range pixels {
		x, y, c := i/3%w, i/3/w, i%3
		v := 400*math.Sin(float64(x*(c+1))/17)*math.Cos(float64(y)/(9+float64(c))) + 128 + 8*random.NormFloat64()
		pixels[i] = byte(min(max(v, 0), 255))
	}
	clean := must[*vips.Image](t)(vips.FromMemory(pixels, w, h, 3, "uchar"))
	defer clean.Close()
	rgb := must[*vips.Image](t)(clean.Do("copy", vips.Args{"interpretation": "srgb"}))
	defer rgb.Close()
	for _, mode := range []string{"on", "off"} {
		for _, q := range []int{40, 75, 85, 90, 95} {
			path := filepath.Join(t.TempDir(), "a.jpg")
			if err := rgb.Save("jpegsave", path, vips.Args{"Q": q, "subsample_mode": mode}); err != nil {
				t.Fatal(err)
			}
			agrees(t, path, 3)
		}
	}
}
