package tools_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// TestFidelityOfTurnedOutputs: an output that was turned upright is held against its
// JPEG as that is stored, whatever its EXIF orientation.
func TestFidelityOfTurnedOutputs(t *testing.T) {
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	whole, err := vips.Open("../../packaging/demo/originals/osprey.webp", vips.Random)
	check(err)
	defer whole.Close()
	photo, err := whole.Do("extract_area", vips.Args{"left": 5, "top": 9, "width": 203, "height": 147})
	check(err)
	defer photo.Close()
	var want tools.Agreement
	for o := 1; o <= 8; o++ {
		folder := t.TempDir()
		source, image := filepath.Join(folder, "photo.jpg"), filepath.Join(folder, "upright.png")
		tagged, err := photo.WithInt("orientation", o)
		check(err)
		check(tagged.Save("jpegsave", source, vips.Args{"Q": 60}))
		upright, err := tagged.Do("autorot", nil)
		check(err)
		check(upright.Save("pngsave", image, nil))
		tagged.Close()
		upright.Close()
		got, err := tools.Fidelity(source, image)
		check(err)
		if o == 1 {
			want = got
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || got.Total.Coefficients == 0 {
			t.Errorf("orientation %d: %+v, want %+v", o, got, want)
		}
		if !got.Agrees() { // the photo that the file was made of
			t.Errorf("orientation %d: the original does not agree: %+v", o, got)
		}
	}
	if _, err := tools.Fidelity("../../packaging/demo/photos/skyline-q30.jpg", "../../packaging/demo/originals/missing.png"); err == nil {
		t.Error("a missing image was judged")
	}
	source, other := "../../packaging/demo/photos/skyline-q30.jpg", filepath.Join(t.TempDir(), "small.png")
	check(photo.Save("pngsave", other, nil))
	refusal := source + ": " + other + " cannot be held against the file: it has 203×147 pixels, the file 448×448"
	if _, err := tools.Fidelity(source, other); fmt.Sprint(err) != refusal {
		t.Errorf("got %v, want %s", err, refusal)
	}
}
