package damage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/damage"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// saved is a clean photo of the demo after it was saved at each of the
// qualities in turn; without any, as it is.
func saved(t *testing.T, qualities ...int) *ops.Source {
	t.Helper()
	name := "../../packaging/demo/originals/mountain.webp"
	for i, q := range qualities {
		img, err := vips.Open(name, vips.Random)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(t.TempDir(), fmt.Sprintf("%d.jpg", i))
		err = img.Save("jpegsave", name, vips.Args{"Q": q})
		img.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return source(t, name)
}

func source(t *testing.T, name string) *ops.Source {
	t.Helper()
	format, err := vips.Sniff(name)
	if err != nil {
		t.Fatal(err)
	}
	header, err := vips.ReadHeader(name)
	if err != nil {
		t.Fatal(err)
	}
	return &ops.Source{Path: name, Format: format, Width: header.Width, Height: header.Height}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name      string
		qualities []int
		low, high float64
	}{
		{"never compressed as a JPEG", nil, 0, 0.05},
		{"a camera's", []int{96}, 0, 0.08},
		{"the web's", []int{75}, 0.2, 0.5},
		{"heavy", []int{20}, 0.75, 0.95},
		{"damaged, then saved at a high quality", []int{40, 96}, 0.25, 0.75},
		{"damaged, then saved as something else", []int{40, 99}, 0.25, 0.75},
	} {
		got, err := damage.Of(saved(t, c.qualities...))
		t.Logf("%s: %.2f", c.name, got)
		if err != nil || got < c.low || got > c.high {
			t.Errorf("%s: %.2f, %v; want %.2f to %.2f", c.name, got, err, c.low, c.high)
		}
	}
	if _, err := damage.Of(&ops.Source{Path: "absent.jpg", Format: "jpeg", Width: 500, Height: 500}); err == nil {
		t.Error("a file that is not there has a damage")
	}
}

// Real photos: what cameras and phones save shows little; what went around the
// web shows more than its last save tells.
func TestWild(t *testing.T) {
	for name, c := range map[string]struct{ low, high float64 }{
		"phone_iphone_hdr_orient.jpg": {0, 0.1}, "cam_canon_hdr_orient6.jpg": {0, 0.12}, "ultrahdr_gainmap_8mp_mpf.jpg": {0, 0.08},
		"cam_fuji_s1pro_q70.jpg": {0.25, 0.6}, "real_fbcnn_3.jpg": {0.13, 0.9},
		"real_fbcnn_6.jpg": {0.25, 0.9}, "orient_landscape_3.jpg": {0.25, 0.6}, "odd_16bit_qtables.jpg": {0.5, 1},
	} {
		path := filepath.Join("../../../shared/data/wild", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("the wild photos are not here")
		}
		src := source(t, path)
		info, err := damage.Header(path)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := damage.Blockiness(src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := damage.Of(src)
		t.Logf("%-30s quality %d %s, blockiness %.2f: damage %.2f", name, info.Quality, info.Subsampling, blocks, got)
		if err != nil || got < c.low || got > c.high {
			t.Errorf("%s: %.2f, %v; want %.2f to %.2f", name, got, err, c.low, c.high)
		}
	}
}
