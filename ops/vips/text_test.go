package vips_test

import (
	"sync"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

// Pango 1.50 ends the process in about a quarter of the runs where libvips fits
// the text.
func TestTextsAreFittedInManyThreads(t *testing.T) {
	var all sync.WaitGroup
	for thread := range 4 {
		all.Go(func() {
			for i := range 60 {
				width := 100 + 13*((i+thread)%50)
				made := write(t, vips.Args{"text": "Burnish", "font": "sans", "width": width, "height": 80, "wrap": "none"})
				if made == nil {
					return
				}
				if w, h := made.Width(), made.Height(); w > width || h > 80 || w < width*8/10 && h < 64 {
					t.Errorf("within %dx80: %dx%d", width, w, h)
				}
				made.Close()
			}
		})
	}
	all.Wait()
}

// Sizes are those of libvips 8.14 and Pango 1.50 at a resolution, which other fonts
// change; so they are compared with each other.
func TestTextsFollowTheirResolution(t *testing.T) {
	for _, font := range []string{"", "sans", "sans 12", "DejaVu Sans Bold 14", "sans 20px", "sans 12 @wght=200"} {
		args := vips.Args{"text": "Burnish &amp; photos", "dpi": 288}
		if font != "" {
			args["font"] = font
		}
		at288 := write(t, args)
		delete(args, "dpi")
		at72 := write(t, args)
		factor := 4.0
		if font == "sans 20px" {
			factor = 1
		}
		if got := float64(at288.Width()) / float64(at72.Width()); got < 0.96*factor || got > 1.04*factor {
			t.Errorf("font %q: at 288 dpi %d px wide, at 72 dpi %d", font, at288.Width(), at72.Width())
		}
		at288.Close()
		at72.Close()
	}
}

func TestTextOfResolutionsThatAreNone(t *testing.T) {
	for _, dpi := range []int{-1, 0, 2_000_000} {
		if out, err := vips.Call("text", vips.Args{"text": "a", "dpi": dpi}); err == nil {
			out.Close()
			t.Errorf("dpi %d is taken", dpi)
		}
	}
}

// write is the image of a text, nil where there is none.
func write(t *testing.T, args vips.Args) *vips.Image {
	t.Helper()
	out, err := vips.Call("text", args)
	if err != nil {
		t.Error(err)
		return nil
	}
	return out["out"].(*vips.Image)
}
