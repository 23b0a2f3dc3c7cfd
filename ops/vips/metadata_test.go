package vips

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	govips "github.com/davidbyttow/govips/v2/vips"
)

func TestMetadataIsCopiedOnWrite(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 8, 8)
	profile := []byte("not really a profile")
	one := must[*Image](t)(image.WithInt(FieldOrientation, 6))
	defer one.Close()
	two := must[*Image](t)(one.WithBlob(FieldICC, profile))
	defer two.Close()
	three := must[*Image](t)(two.WithString("exif-ifd0-Artist", "Ann"))
	defer three.Close()

	if image.Orientation() != 1 || one.Orientation() != 6 || three.Orientation() != 6 {
		t.Errorf("orientation %d, %d, %d", image.Orientation(), one.Orientation(), three.Orientation())
	}
	if _, ok := one.Blob(FieldICC); ok {
		t.Error("a change reached the image it was made from")
	}
	if got, ok := three.Blob(FieldICC); !ok || !bytes.Equal(got, profile) {
		t.Errorf("blob %q, %v", got, ok)
	}
	if got, ok := three.String("exif-ifd0-Artist"); !ok || got != "Ann" {
		t.Errorf("string %q, %v", got, ok)
	}
	if got, ok := three.Int("width"); !ok || got != 8 {
		t.Errorf("width %d, %v", got, ok)
	}
	for _, name := range []string{FieldICC, FieldOrientation, "width"} {
		if _, ok := three.String(name); ok {
			t.Errorf("%s reads as text", name)
		}
	}
	bare := must[*Image](t)(three.Without(FieldICC, FieldOrientation, "never there"))
	defer bare.Close()
	if fields := bare.Fields(); slices.Contains(fields, FieldICC) || !slices.Contains(fields, "exif-ifd0-Artist") {
		t.Errorf("fields %q", fields)
	}
	if _, ok := three.Blob(FieldICC); !ok {
		t.Error("a removal reached the image it was made from")
	}
	empty := must[*Image](t)(three.WithBlob(FieldICC, nil))
	defer empty.Close()
	if _, ok := empty.Blob(FieldICC); ok {
		t.Error("an empty blob remains")
	}
	for _, name := range []string{"", "width", "burnish-strips-1"} {
		if out, err := image.WithInt(name, 1); err == nil {
			out.Close()
			t.Errorf("%q can be set", name)
		}
	}
}

func TestOrientationIsNeverOutOfRange(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 8, 8)
	for set, want := range map[int]int{0: 1, 1: 1, 8: 8, 9: 1, -3: 1} {
		turned := must[*Image](t)(image.WithInt(FieldOrientation, set))
		if got := turned.Orientation(); got != want {
			t.Errorf("%d reads as %d, want %d", set, got, want)
		}
		turned.Close()
	}
}

func TestMetadataSurvivesSaving(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 16, 16)
	turned := must[*Image](t)(image.WithInt(FieldOrientation, 6))
	defer turned.Close()
	named := must[*Image](t)(turned.WithString("exif-ifd0-Artist", "Ann"))
	defer named.Close()
	again := opened(t, saved(t, named, "jpegsave", "a.jpg", nil), Sequential)
	if again.Orientation() != 6 {
		t.Errorf("orientation %d", again.Orientation())
	}
	if artist, _ := again.String("exif-ifd0-Artist"); !strings.HasPrefix(artist, "Ann") {
		t.Errorf("artist %q", artist)
	}
}

// This pins what govips.go relies on in govips' unexported parts.
func TestGovips(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 30, 20)
	ref := image.Govips()
	if ref.Width() != 30 || ref.Height() != 20 || ref.Bands() != 3 {
		t.Fatalf("govips sees %d×%d×%d", ref.Width(), ref.Height(), ref.Bands())
	}
	if err := ref.Invert(); err != nil {
		t.Fatal(err)
	}
	inverted := FromGovips(ref)
	defer inverted.Close()
	ref.SetInt("added-later", 1)
	ref.Close()
	if slices.Contains(inverted.Fields(), "added-later") || slices.Contains(image.Fields(), "added-later") {
		t.Error("a header changed by govips reaches the image")
	}
	want := must[*Image](t)(image.Do("invert", nil))
	defer want.Close()
	same(t, inverted, want)

	black, err := govips.Black(5, 4)
	if err != nil {
		t.Fatal(err)
	}
	borrowed := FromGovips(black)
	defer borrowed.Close()
	black.Close()
	if got := must[[]byte](t)(borrowed.Pixels()); len(got) != 20 {
		t.Errorf("%d bytes, want 20", len(got))
	}
	defer func() {
		if recover() == nil {
			t.Error("a closed govips image is taken")
		}
	}()
	FromGovips(black)
}
