package promptcir_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

// step is one thing that happens to a photo on its way around the web.
type step struct {
	name string // of a file format, or scale
	q    int
	sub  string  // subsampling: on or off
	by   float64 // of scale
}

func jpegAt(q int, sub string) step { return step{name: "jpg", q: q, sub: sub} }

// travelled writes a clean photo of the demo after the steps, the last as a
// file, and returns what a host would hand to the operator.
func travelled(tb testing.TB, clean *vips.Image, steps ...step) ops.Image {
	tb.Helper()
	now, name, format := clean.Ref(), "", ""
	for i, s := range steps {
		if s.name == "scale" {
			next := must[*vips.Image](tb)(now.Do("resize", vips.Args{"scale": s.by, "kernel": "cubic"}))
			now.Close()
			now = next
			continue
		}
		name = filepath.Join(tb.TempDir(), string(rune('a'+i))+"."+s.name)
		saver, args := s.name+"save", vips.Args{}
		if s.name == "jpg" {
			saver, args = "jpegsave", vips.Args{"Q": s.q, "subsample_mode": s.sub}
		}
		err := now.Save(saver, name, args)
		now.Close()
		if err != nil {
			tb.Fatal(err)
		}
		now = must[*vips.Image](tb)(vips.Open(name, vips.Random))
	}
	now.Close()
	format = must[string](tb)(vips.Sniff(name))
	img := must[*vips.Image](tb)(vips.Open(name, vips.Sequential))
	return ops.Image{Pixels: img, Original: true, Source: &ops.Source{Path: name, Format: format, Width: img.Width(), Height: img.Height(), Orientation: 1}}
}

// large is six clean photos side by side: too large to be judged by all of it.
func large(tb testing.TB) *vips.Image {
	tb.Helper()
	paths := must[[]string](tb)(filepath.Glob("../../packaging/demo/originals/*.webp"))
	var parts []*vips.Image
	for _, path := range paths {
		parts = append(parts, must[*vips.Image](tb)(vips.Open(path, vips.Random)))
	}
	out := must[vips.Outputs](tb)(vips.Call("arrayjoin", vips.Args{"in": parts, "across": 3}))
	for _, p := range parts {
		p.Close()
	}
	joined := out["out"].(*vips.Image)
	tb.Cleanup(joined.Close)
	return joined
}

func small(tb testing.TB) *vips.Image {
	tb.Helper()
	p := must[*vips.Image](tb)(vips.Open("../../packaging/demo/originals/mountain.webp", vips.Random))
	tb.Cleanup(p.Close)
	return p
}

func TestUndamagedPhotosAreLeftAlone(t *testing.T) {
	png := step{name: "png"}
	for _, test := range []struct {
		name  string
		way   []step
		alone bool
	}{
		{"a camera's quality", []step{jpegAt(97, "off")}, true},
		{"never compressed", []step{png}, true},
		{"never compressed, as WebP", []step{{name: "webp"}}, false}, // lossy at 75
		{"damaged", []step{jpegAt(60, "on")}, false},
		{"damaged, then saved as PNG", []step{jpegAt(60, "on"), png}, false},
		{"damaged, then saved at a high quality", []step{jpegAt(40, "on"), jpegAt(96, "off")}, false},
		// What messengers do: no grid of eight pixels is left.
		{"damaged, scaled, saved at a high quality", []step{jpegAt(30, "on"), {name: "scale", by: 0.7}, jpegAt(92, "on")}, false},
		{"damaged, halved, saved at a high quality", []step{jpegAt(50, "on"), {name: "scale", by: 0.5}, jpegAt(93, "on")}, false},
		{"damaged, enlarged, saved well", []step{jpegAt(40, "on"), {name: "scale", by: 1.5}, jpegAt(90, "on")}, false},
	} {
		for kind, clean := range map[string]func(testing.TB) *vips.Image{"small": small, "large": large} {
			t.Run(test.name+", "+kind, func(t *testing.T) {
				in := travelled(t, clean(t), test.way...)
				defer in.Close()
				got := decide(t, promptcir.Config{Model: "lite", Skip: "auto"}, in)
				t.Log(got.why)
				if got.alone != test.alone || got.out.Original != test.alone {
					t.Errorf("left alone: %t, as read: %t; want %t: %s", got.alone, got.out.Original, test.alone, got.why)
				}
				if !strings.Contains(got.why, "correction ") || !strings.Contains(got.why, " tiles)") {
					t.Errorf("the reason has no figure: %q", got.why)
				}
				if got.alone {
					assertSame(t, in.Source.Path, got.out.Pixels)
				}
			})
		}
	}
}

// A photo that is left alone goes on as it was, although it has been computed.
func assertSame(t *testing.T, path string, got *vips.Image) {
	t.Helper()
	original := must[*vips.Image](t)(vips.Open(path, vips.Sequential))
	defer original.Close()
	if most, _ := gap(values(t, got), values(t, original)); most > 0 {
		t.Errorf("pixels moved by %d", most)
	}
}

type decision struct {
	out   ops.Image
	alone bool
	why   string
}

func decide(t *testing.T, c promptcir.Config, in ops.Image) decision {
	t.Helper()
	op := build(t, c, cpu)
	var notes ops.Notes
	out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{in}))
	t.Cleanup(out.Close)
	all := notes.All()
	d := decision{out: out, why: all["evidence"]}
	if why, ok := all["left_alone"]; ok {
		d.alone, d.why = true, why
	}
	return d
}

func TestSkipKeys(t *testing.T) {
	for name, test := range map[string]struct {
		config promptcir.Config
		q      int
		alone  bool
		why    string
	}{
		"never":                {promptcir.Config{Skip: "never"}, 98, false, ""},
		"a limit of its own":   {promptcir.Config{Skip: "auto", SkipBelow: 50}, 60, true, "< 50.00"},
		"a lower one":          {promptcir.Config{Skip: "auto", SkipBelow: 0.01}, 92, false, "≥ 0.01"},
		"by quality":           {promptcir.Config{Skip: "auto", SkipJPEGAbove: 50}, 60, true, "JPEG quality 60 > 50, as configured"},
		"never but by quality": {promptcir.Config{Skip: "never", SkipJPEGAbove: 50}, 60, true, "JPEG quality 60 > 50, as configured"},
		"quality not reached":  {promptcir.Config{Skip: "auto", SkipJPEGAbove: 90}, 60, false, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			in := travelled(t, small(t), jpegAt(test.q, "off"))
			defer in.Close()
			test.config.Model = "lite"
			if got := decide(t, test.config, in); got.alone != test.alone || !strings.Contains(got.why, test.why) {
				t.Errorf("left alone: %t, %q; want %t, %q", got.alone, got.why, test.alone, test.why)
			}
		})
	}
}

// What cannot be judged is restored: a photo that has moved away since it was
// opened, or one whose time is up.
func TestWhatCannotBeJudged(t *testing.T) {
	in := travelled(t, large(t), jpegAt(97, "off"))
	defer in.Close()
	in.Source.Path = filepath.Join(t.TempDir(), "moved.jpg")
	if got := decide(t, promptcir.Config{Model: "lite", Skip: "auto"}, in); got.alone || !strings.HasPrefix(got.why, "not judged: ") {
		t.Errorf("left alone: %t, %q", got.alone, got.why)
	}
	for _, clean := range []*vips.Image{small(t), large(t)} {
		in := travelled(t, clean, jpegAt(97, "off"))
		op := build(t, promptcir.Config{Model: "lite", Skip: "auto"}, cpu)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if out, err := op.Apply(ctx, []ops.Image{in}); !errors.Is(err, context.Canceled) {
			out.Close()
			t.Errorf("cancelled: %v", err)
		}
		in.Close()
	}
}

// Real photos from cameras and phones: what is measured is logged.
func TestWildPhotosThatAreLeftAlone(t *testing.T) {
	alone := map[string]bool{
		"cam_canon_hdr_orient6.jpg": true, "phone_iphone_hdr_orient.jpg": true, "ultrahdr_gainmap_8mp_mpf.jpg": true,
		"real_fbcnn_2.jpg": false, "real_fbcnn_3.jpg": false, "real_fbcnn_4.jpg": false, "real_fbcnn_6.jpg": false,
		"cam_fuji_s1pro_q70.jpg": false, "orient_landscape_3.jpg": false,
	}
	for name, want := range alone {
		path := filepath.Join("../../../shared/data/wild", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("the wild photos are not here")
		}
		img := must[*vips.Image](t)(vips.Open(path, vips.Sequential))
		in := ops.Image{Pixels: img, Source: &ops.Source{Path: path, Format: "jpeg", Width: img.Width(), Height: img.Height()}}
		got := decide(t, promptcir.Config{Model: "lite", Skip: "auto"}, in)
		t.Log(name, got.why)
		if got.alone != want {
			t.Errorf("%s: left alone: %t, %q, want %t", name, got.alone, got.why, want)
		}
		in.Close()
	}
}

// What a camera wrote is judged as that, unless it was scaled since or saved at a
// lower quality.
func TestCamerasOwnPhotos(t *testing.T) {
	for name, test := range map[string]struct {
		q      int
		exif   map[string]string
		camera bool
	}{
		"a program's":            {95, nil, false},
		"a camera's":             {95, map[string]string{"ExposureTime": "1/50", "PixelXDimension": "448"}, true},
		"of no noted size":       {95, map[string]string{"ExposureTime": "1/50"}, true},
		"an early camera's":      {95, map[string]string{"ShutterSpeedValue": "5.6", "PixelXDimension": "448"}, true},
		"scaled since":           {95, map[string]string{"ExposureTime": "1/50", "PixelXDimension": "448"}, false},
		"saved since":            {85, map[string]string{"ExposureTime": "1/50", "PixelXDimension": "448"}, false},
		"no photo of a camera's": {95, map[string]string{"PixelXDimension": "448"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tagged := small(t).Ref()
			for tag, value := range test.exif {
				next := must[*vips.Image](t)(tagged.WithString("exif-ifd2-"+tag, value))
				tagged.Close()
				tagged = next
			}
			in := travelled(t, tagged, jpegAt(test.q, "on"))
			tagged.Close()
			defer in.Close()
			if name == "scaled since" { // libvips notes the size of what it saves
				in.Source.Width, in.Source.Height = 200, 150
			}
			want := " 0.30 ("
			if test.camera {
				want = " 1.70 ("
			}
			if got := decide(t, promptcir.Config{Model: "lite", Skip: "auto"}, in); !strings.Contains(got.why, want) {
				t.Errorf("judged %q, want the limit%s", got.why, want)
			}
		})
	}
}
