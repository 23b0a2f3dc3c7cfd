package vips

import (
	"bytes"
	"testing"
)

// A photo keeps its colour profile through what works in another space in
// between: libvips 8.15 and later leave none behind.
func TestOperationsKeepTheProfile(t *testing.T) {
	image := photo(t, 90, 70)
	profile := []byte("stands for a profile")
	tagged := must[*Image](t)(image.WithBlob(FieldICC, profile))
	defer tagged.Close()
	alpha := must[*Image](t)(tagged.Do("bandjoin_const", Args{"c": []float64{128}}))
	defer alpha.Close()
	for _, test := range []struct {
		in   *Image
		op   string
		args Args
	}{
		{tagged, "sharpen", nil},
		{tagged, "colourspace", Args{"space": "lab"}},
		{tagged, "colourspace", Args{"space": "scrgb"}},
		{tagged, "resize", Args{"scale": 0.5}},
		{alpha, "flatten", nil},
	} {
		out := must[*Image](t)(test.in.Do(test.op, test.args))
		if got, ok := out.Blob(FieldICC); !ok || !bytes.Equal(got, profile) {
			t.Errorf("%s %v: %d bytes of profile, want %d", test.op, test.args, len(got), len(profile))
		}
		out.Close()
	}
	mixed := must[Outputs](t)(Call("composite2", Args{"base": image, "overlay": alpha, "mode": "over", "compositing_space": "scrgb"}))
	defer mixed.Close()
	if !mixed["out"].(*Image).profiled() {
		t.Error("composite: no profile of the one that has one")
	}
	if plain := must[*Image](t)(image.Do("sharpen", nil)); plain.profiled() {
		t.Error("a profile of none")
	} else {
		plain.Close()
	}
}
