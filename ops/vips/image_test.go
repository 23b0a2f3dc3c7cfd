package vips

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

func TestFromMemory(t *testing.T) {
	checkLeaks(t)
	tests := []struct {
		bands          int
		format         string
		size           int
		interpretation string
		alpha          bool
	}{
		{1, "uchar", 1, "b-w", false},
		{3, "uchar", 1, "srgb", false},
		{4, "uchar", 1, "srgb", true},
		{3, "ushort", 2, "rgb16", false},
		{1, "ushort", 2, "grey16", false},
	}
	for _, tt := range tests {
		pixels := bytes.Repeat([]byte{1, 2}, 6*4*tt.bands*tt.size/2)
		image := must[*Image](t)(FromMemory(pixels, 6, 4, tt.bands, tt.format))
		if image.Width() != 6 || image.Height() != 4 || image.Bands() != tt.bands || image.Format() != tt.format {
			t.Errorf("%+v: %d×%d×%d %s", tt, image.Width(), image.Height(), image.Bands(), image.Format())
		}
		if got := image.Interpretation(); got != tt.interpretation || image.HasAlpha() != tt.alpha || image.Coding() != "none" {
			t.Errorf("%+v: %s, alpha %v, coding %s", tt, got, image.HasAlpha(), image.Coding())
		}
		if image.Size() != int64(len(pixels)) || !bytes.Equal(must[[]byte](t)(image.Pixels()), pixels) {
			t.Errorf("%+v: other pixels", tt)
		}
		image.Close()
	}
}

func TestFromMemoryRefuses(t *testing.T) {
	checkLeaks(t)
	tests := []struct {
		name        string
		pixels      int
		w, h, bands int
		format      string
	}{
		{"too few bytes", 10, 4, 4, 3, "uchar"},
		{"too many bytes", 49, 4, 4, 3, "uchar"},
		{"no bytes", 0, 4, 4, 3, "uchar"},
		{"no width", 48, 0, 4, 3, "uchar"},
		{"unknown format", 48, 4, 4, 3, "byte"},
		{"unset format", 48, 4, 4, 3, "notset"},
	}
	for _, tt := range tests {
		if image, err := FromMemory(make([]byte, tt.pixels), tt.w, tt.h, tt.bands, tt.format); err == nil {
			image.Close()
			t.Errorf("%s: no error", tt.name)
		}
	}
}

func TestCloseAndRef(t *testing.T) {
	before := Live()
	image := must[*Image](t)(FromMemory(make([]byte, 16), 4, 4, 1, "uchar"))
	second := image.Ref()
	if got := Live() - before; got != 2 {
		t.Errorf("%d images live, want 2", got)
	}
	image.Close()
	image.Close()
	if second.Width() != 4 {
		t.Error("the second reference went with the first")
	}
	second.Close()
	if got := Live() - before; got != 0 {
		t.Errorf("%d images live, want 0", got)
	}
	defer func() {
		if v := recover(); v == nil || !strings.Contains(v.(string), "closed image") {
			t.Errorf("use after Close: %v", v)
		}
	}()
	image.Width()
}

// One image may be used from many goroutines.
func TestParallelUse(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 200, 100)
	want := must[[]byte](t)(image.Pixels())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				once, err := image.Do("invert", nil)
				if err != nil {
					t.Error(err)
					return
				}
				twice, err := once.Do("invert", nil)
				once.Close()
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := twice.Pixels(); err != nil || !bytes.Equal(got, want) {
					t.Errorf("other pixels, %v", err)
				}
				twice.Close()
			}
		})
	}
	wg.Wait()
}

// Thousands of images, and as many failures, leave nothing behind.

func TestNoLeak(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 64, 64)
	for range 300 {
		blurred := must[*Image](t)(image.Do("gaussblur", Args{"sigma": 2.0}))
		small := must[*Image](t)(blurred.Do("resize", Args{"scale": 0.5}))
		out := must[Outputs](t)(Call("jpegsave_buffer", Args{"in": small}))
		if len(out["buffer"].([]byte)) == 0 {
			t.Fatal("nothing encoded")
		}
		if _, err := small.Do("extract_area", Args{"left": 999, "top": 0, "width": 1, "height": 1}); err == nil {
			t.Fatal("no error")
		}
		small.Close()
		blurred.Close()
	}
}
