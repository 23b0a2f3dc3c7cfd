package vips

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
)

func TestCallValues(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 40, 30)

	out := must[Outputs](t)(Call("max", Args{"in": image}))
	if out["out"] != 255.0 {
		t.Errorf("max: %v", out["out"])
	}
	if x, ok := out["x"].(int); !ok || x < 0 || x >= 40 {
		t.Errorf("max x: %v", out["x"])
	}

	out = must[Outputs](t)(Call("getpoint", Args{"in": image, "x": 0, "y": 0}))
	if got, ok := out["out_array"].([]float64); !ok || len(got) != 3 {
		t.Errorf("getpoint: %v", out)
	}

	out = must[Outputs](t)(Call("jpegsave_buffer", Args{"in": image, "Q": 80.0, "optimize-coding": true}))
	blob, _ := out["buffer"].([]byte)
	if !bytes.HasPrefix(blob, []byte("\xff\xd8\xff")) {
		t.Fatalf("jpegsave_buffer: %d bytes", len(blob))
	}
	out = must[Outputs](t)(Call("jpegload_buffer", Args{"buffer": blob}))
	defer out.Close()
	if got := out["out"].(*Image); got.Width() != 40 || got.Height() != 30 {
		t.Errorf("jpegload_buffer: %d×%d", got.Width(), got.Height())
	}
}

func TestCallLists(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 20, 10)
	tests := []struct {
		name, op string
		args     Args
		w, h, n  int
	}{
		{"images", "bandjoin", Args{"in": []*Image{image, image}}, 20, 10, 6},
		{"one image for several", "arrayjoin", Args{"in": image}, 20, 10, 3},
		{"floats", "linear", Args{"in": image, "a": []float64{1, 2, 3}, "b": []int{0, 0, 0}}, 20, 10, 3},
		{"one number for several", "linear", Args{"in": image, "a": 2, "b": 0.5}, 20, 10, 3},
		{"interpolate", "affine", Args{"in": image, "matrix": []float64{2, 0, 0, 2}, "interpolate": "bicubic"}, 40, 20, 3},
		{"enum", "resize", Args{"in": image, "scale": 0.5, "kernel": "cubic"}, 10, 5, 3},
		{"ints", "composite", Args{"in": []*Image{image, image}, "mode": []int{2}, "x": []int{1}, "y": 1}, 20, 10, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := must[Outputs](t)(Call(tt.op, tt.args))
			defer out.Close()
			got := out["out"].(*Image)
			if got.Width() != tt.w || got.Height() != tt.h || got.Bands() != tt.n {
				t.Errorf("%d×%d×%d, want %d×%d×%d", got.Width(), got.Height(), got.Bands(), tt.w, tt.h, tt.n)
			}
			if _, err := got.Pixels(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCallRefuses(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 20, 10)
	tests := []struct {
		name, op string
		args     Args
		want     string
	}{
		{"operation", "gausblur", Args{}, `did you mean "gaussblur"?`},
		{"argument", "gaussblur", Args{"in": image, "sgima": 2.0}, `gaussblur: no argument "sgima"; did you mean "sigma"?`},
		{"missing", "gaussblur", Args{"in": image}, "gaussblur: sigma is missing"},
		{"output as input", "gaussblur", Args{"in": image, "sigma": 1.0, "out": image}, `no argument "out"`},
		{"twice", "tilecache", Args{"in": image, "tile-width": 8, "tile_width": 8}, "tile_width is given twice"},
		{"below the range", "gaussblur", Args{"in": image, "sigma": -1.0}, "sigma: -1 is less than the minimum, 0"},
		{"above the range", "gaussblur", Args{"in": image, "sigma": 1e9}, "is more than the maximum, 1000"},
		{"not a number", "gaussblur", Args{"in": image, "sigma": math.NaN()}, "not a finite number"},
		{"fraction", "jpegsave_buffer", Args{"in": image, "Q": 80.5}, "Q: 80.5 is not a whole number"},
		{"text for a number", "gaussblur", Args{"in": image, "sigma": "2"}, "sigma: must be float, got string"},
		{"bool for a number", "gaussblur", Args{"in": image, "sigma": true}, "must be float, got bool"},
		{"number for a bool", "jpegsave_buffer", Args{"in": image, "strip": 1}, "must be bool, got int"},
		{"member", "resize", Args{"in": image, "scale": 0.5, "kernel": "lanczos9"}, `did you mean "lanczos`},
		{"interpolator", "affine", Args{"in": image, "matrix": []float64{1, 0, 0, 1}, "interpolate": "bicubik"}, `did you mean "bicubic"?`},
		{"file for an image", "gaussblur", Args{"in": "/etc/hostname", "sigma": 1.0}, "in: must be image, got string"},
		{"nil image", "gaussblur", Args{"in": (*Image)(nil), "sigma": 1.0}, "in: must be image"},
		{"nil among images", "bandjoin", Args{"in": []*Image{image, nil}}, "image 1 is nil"},
		{"no images", "bandjoin", Args{"in": []*Image{}}, "must be images"},
		{"zero byte", "jpegload", Args{"filename": "a\x00b"}, "zero byte"},
		{"fraction in a list", "composite", Args{"in": image, "mode": []float64{0.5}}, "0.5 is not a whole number"},
		{"class that Go cannot give", "jpegsave_target", Args{"in": image, "target": "x"}, "a VipsTarget cannot be given"},
		{"libvips itself", "extract_area", Args{"input": image, "left": 99, "top": 0, "width": 1, "height": 1}, "extract_area: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Call(tt.op, tt.args)
			out.Close()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
			var typed *Error
			if !errors.As(err, &typed) || typed.Op != tt.op {
				t.Errorf("not an *Error of %s: %#v", tt.op, err)
			}
		})
	}
}

func TestDo(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 20, 10)
	for _, op := range []struct {
		name string
		args Args
	}{
		{"invert", nil}, // in
		{"extract_area", Args{"left": 1, "top": 1, "width": 5, "height": 5}}, // input
		{"add", Args{"right": image}},                                        // left
		{"bandjoin", nil},                                                    // a list
		{"smartcrop", Args{"width": 5, "height": 5}},                         // with other outputs
	} {
		out := must[*Image](t)(image.Do(op.name, op.args))
		out.Close()
	}
	for op, want := range map[string]string{"avg": "gives no image", "black": "takes no image"} {
		if _, err := image.Do(op, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", op, err, want)
		}
	}
	if _, err := image.Do("invert", Args{"in": image}); err == nil {
		t.Error("in may be given twice")
	}
}

// Drawing changes its argument in place, which must not be the caller's image.
func TestDrawCopies(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 20, 10)
	before := must[[]byte](t)(image.Pixels())
	drawn := must[*Image](t)(image.Do("draw_rect", Args{"ink": []float64{255, 0, 0}, "left": 0, "top": 0, "width": 20, "height": 10, "fill": true}))
	defer drawn.Close()
	if !bytes.Equal(before, must[[]byte](t)(image.Pixels())) {
		t.Error("the image itself was drawn on")
	}
	if got := must[[]byte](t)(drawn.Pixels()); got[0] != 255 || got[1] != 0 {
		t.Errorf("nothing was drawn: %v", got[:3])
	}
}

func TestErrorNamesFile(t *testing.T) {
	_, err := Call("jpegload", Args{"filename": "/nowhere/photo.jpg"})
	if err == nil || !strings.HasPrefix(err.Error(), "jpegload /nowhere/photo.jpg: ") {
		t.Errorf("got %v", err)
	}
	wrapped := &Error{Op: "open", File: "a.jpg", Err: os.ErrPermission}
	if !errors.Is(wrapped, os.ErrPermission) || wrapped.Error() != "open a.jpg: permission denied" {
		t.Errorf("got %v", wrapped)
	}
}
