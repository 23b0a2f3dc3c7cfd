package vips

import (
	"slices"
	"strings"
	"testing"
)

func TestOperations(t *testing.T) {
	list := must[[]Operation](t)(Operations())
	if len(list) < 250 {
		t.Errorf("only %d operations", len(list))
	}
	if !slices.IsSortedFunc(list, func(a, b Operation) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted by name")
	}
	for _, op := range list {
		if op.Name == "" || op.Summary == "" {
			t.Errorf("%q has no name or summary", op.Name)
		}
		for _, a := range op.Args {
			if a.Type == "" || !(a.Input || a.Output) {
				t.Errorf("%s: argument %+v", op.Name, a)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	blur, ok := Lookup("gaussblur")
	if !ok || !blur.Sequential || blur.Deprecated {
		t.Errorf("gaussblur: %+v", blur)
	}
	sigma, ok := blur.Arg("sigma")
	if !ok || sigma.Type != "float" || !sigma.Required || !sigma.Input || *sigma.Max != 1000 {
		t.Errorf("sigma: %+v", sigma)
	}
	kernel, _ := mustLookup(t, "resize").Arg("kernel")
	if kernel.Default != "lanczos3" || !slices.Contains(kernel.Enum, "cubic") || slices.Contains(kernel.Enum, "last") {
		t.Errorf("kernel: %+v", kernel)
	}
	interpolate, _ := mustLookup(t, "affine").Arg("interpolate")
	if !slices.Contains(interpolate.Enum, "bicubic") {
		t.Errorf("interpolate: %+v", interpolate)
	}
	canvas, _ := mustLookup(t, "draw_rect").Arg("image")
	if !canvas.Modify {
		t.Errorf("draw_rect image: %+v", canvas)
	}
	hyphen, _ := mustLookup(t, "tilecache").Arg("tile-width")
	if hyphen == nil || hyphen.Name != "tile_width" {
		t.Errorf("tile-width: %+v", hyphen)
	}
	for op, category := range map[string]string{"jpegload": "load", "jpegsave": "save", "resize": "resample", "add": "arithmetic", "conv": "convolution", "gaussblur": ""} {
		if got := mustLookup(t, op).Category; got != category {
			t.Errorf("%s: category %q, want %q", op, got, category)
		}
	}
}

func TestShellIsBlocked(t *testing.T) {
	if _, ok := Lookup("system"); ok {
		t.Error("system is listed")
	}
	if out, err := Call("system", Args{"cmd_format": "true"}); err == nil {
		out.Close()
		t.Error("system runs")
	}
}

func mustLookup(t *testing.T, name string) *Operation {
	t.Helper()
	op, ok := Lookup(name)
	if !ok {
		t.Fatalf("no operation %s", name)
	}
	return &op
}
