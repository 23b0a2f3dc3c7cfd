package originals

import (
	"slices"
	"strings"
	"testing"
)

// elodie#341, nextcloud/ios#3628: what belongs to a photo goes with it, and
// nothing that another photo needs.
func TestSidecars(t *testing.T) {
	long := "a_very_long_name_of_a_photo_taken_in_the_mountains.jpg"
	for _, test := range []struct {
		photo, names, want string // parted by blanks
	}{
		{"a.jpg", "a.jpg a.xmp a.jpg.xmp a.AAE b.xmp ab.xmp a.txt a", "a.AAE a.jpg.xmp a.xmp"},
		{"a.HEIC", "a.HEIC a.MOV a.mp4 a.mp3", "a.MOV a.mp4"},
		{"a.jpg", "a.jpg a.heic a.xmp a.mov a.jpg.xmp a.heic.xmp", "a.jpg.xmp"},
		{"a.jpg", "a.jpg a.DNG a.xmp a.dng.xmp", "a.DNG a.xmp"},
		{"a.jpg", "a.jpg a.heic a.dng a.xmp", ""},
		{"a.dng", "a.dng a.jpg a.xmp", ""},
		{"a.dng", "a.dng a.xmp a.nef", ""},
		{"a.jpg", "a.jpg a.jpg.json a.jpg.supplemental-metadata.json a.jpg.suppl.json a.jpg.s.json a.json b.jpg.json", "a.jpg.json a.jpg.s.json a.jpg.suppl.json a.jpg.supplemental-metadata.json"},
		{"a(1).jpg", "a(1).jpg a.jpg a.jpg.json a.jpg(1).json a.jpg.supplemental-metadata(1).json a(1).jpg.json a.jpg(2).json", "a(1).jpg.json a.jpg(1).json a.jpg.supplemental-metadata(1).json"},
		{long, long + " " + long[:46] + ".json " + long[:40] + ".json", long[:46] + ".json"},
		{long, long + " " + long[:47] + "X.jpg " + long[:46] + ".json", ""},
		{"PXL_1.MP.jpg", "PXL_1.MP.jpg PXL_1.MP PXL_1.mp", "PXL_1.MP"},
		{"e\u0301.jpg", "e\u0301.jpg \u00e9.xmp", "\u00e9.xmp"},
		{".jpg", ".jpg .xmp", ""},
		{"a.jpg", "a.jpg a.jpeg a.xmp", ""},
		{"a", "a a.xmp", "a.xmp"},
	} {
		got := sidecars(test.photo, strings.Fields(test.names), false)
		if want := strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("%s among %s: %q, want %q", test.photo, test.names, got, want)
		}
	}
}

// What is thrown away takes no original along that nothing was made of, nor what
// such an original needs.
func TestOriginalsStay(t *testing.T) {
	for _, test := range []struct{ photo, names, want string }{
		{"a.jpg", "a.jpg a.DNG a.xmp a.jpg.xmp a.dng.xmp", "a.jpg.xmp"},
		{"a.HEIC", "a.HEIC a.MOV a.AAE a.HEIC.json", "a.AAE a.HEIC.json"},
		{"PXL_1.MP.jpg", "PXL_1.MP.jpg PXL_1.MP PXL_1.MP.xmp", "PXL_1.MP.xmp"},
	} {
		if got := sidecars(test.photo, strings.Fields(test.names), true); !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%s among %s: %q, want %s", test.photo, test.names, got, test.want)
		}
	}
}

func TestRenamedSidecars(t *testing.T) {
	for _, test := range [][4]string{
		{"a.xmp", "a.jpg", "a-2.jpg", "a-2.xmp"},
		{"a.jpg.xmp", "a.jpg", "a-2.jpg", "a-2.jpg.xmp"},
		{"a.jpg.s.json", "a.jpg", "a.jpg", "a.jpg.s.json"},
		{"a.jpg(1).json", "a(1).jpg", "a(1)-2.jpg", "a.jpg(1).json"},
	} {
		if got := renamed(test[0], test[1], test[2]); got != test[3] {
			t.Errorf("%s of %s, now %s: %s, want %s", test[0], test[1], test[2], got, test[3])
		}
	}
}
