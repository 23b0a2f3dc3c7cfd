package promptcir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/vips"
)

// saved writes a clean photo as a JPEG, at each of the qualities in turn, and
// returns what a host would hand to the operator.
func saved(t *testing.T, qualities ...int) ops.Image {
	t.Helper()
	name := "../../packaging/demo/originals/mountain.webp"
	for i, q := range qualities {
		img := must[*vips.Image](t)(vips.Open(name, vips.Random))
		name = filepath.Join(t.TempDir(), string(rune('a'+i))+".jpg")
		err := img.Save("jpegsave", name, vips.Args{"Q": q})
		img.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	img := must[*vips.Image](t)(vips.Open(name, vips.Sequential))
	format := must[string](t)(vips.Sniff(name))
	return ops.Image{Pixels: img, AsRead: true, Source: &ops.Source{Path: name, Format: format, Width: img.Width(), Height: img.Height(), Orientation: 1}}
}

func TestUndamagedPhotosAreLeftAlone(t *testing.T) {
	for _, test := range []struct {
		name      string
		qualities []int
		above     int
		alone     bool
	}{
		{"a camera's quality", []int{96}, 90, true},
		{"at the limit", []int{90}, 90, false},
		{"damaged", []int{60}, 90, false},
		{"damaged, then saved at a high quality", []int{40, 96}, 90, false},
		{"told to restore all", []int{98}, 100, false},
		{"told to be content with less", []int{85}, 80, false}, // its blocks show
		{"no JPEG", nil, 90, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			op := build(t, promptcir.Config{Model: "lite", SkipAbove: test.above}, cpu)
			in := saved(t, test.qualities...)
			defer in.Close()
			var notes ops.Notes
			out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{in}))
			defer out.Close()
			why := notes.All()["left_alone"]
			if alone := strings.HasPrefix(why, "undamaged: JPEG quality"); alone != test.alone || out.AsRead != test.alone {
				t.Errorf("left alone: %q, as read: %t; want %t", why, out.AsRead, test.alone)
			}
		})
	}
}

// Real photos from cameras and phones: what is measured is logged.
func TestWildPhotosThatAreLeftAlone(t *testing.T) {
	alone := map[string]bool{
		"cam_canon_hdr_orient6.jpg": true, "phone_iphone_hdr_orient.jpg": true, "ultrahdr_gainmap_8mp_mpf.jpg": true,
		"real_fbcnn_2.jpg": false, "real_fbcnn_3.jpg": false, "real_fbcnn_4.jpg": false, "real_fbcnn_6.jpg": false,
		"cam_fuji_s1pro_q70.jpg": false, "orient_landscape_3.jpg": false,
	}
	op := build(t, promptcir.Config{Model: "lite", SkipAbove: 90}, cpu)
	for name, want := range alone {
		path := filepath.Join("../../../shared/data/wild", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("the wild photos are not here")
		}
		img := must[*vips.Image](t)(vips.Open(path, vips.Sequential))
		in := ops.Image{Pixels: img, Source: &ops.Source{Path: path, Format: "jpeg", Width: img.Width(), Height: img.Height()}}
		var notes ops.Notes
		out := must[ops.Image](t)(op.Apply(ops.WithNotes(t.Context(), &notes), []ops.Image{in}))
		why := notes.All()["left_alone"]
		t.Log(name, why)
		if (why != "") != want {
			t.Errorf("%s: left alone: %q, want %t", name, why, want)
		}
		out.Close()
		img.Close()
	}
}
