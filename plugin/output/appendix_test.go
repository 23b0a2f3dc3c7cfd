package output

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// immich#30654, sview#138: the film of a motion photo does not go unseen; a
// byte copy keeps it.
func TestMotionPhoto(t *testing.T) {
	img := photo(t)
	plain, err := os.ReadFile(img.Source.Path)
	if err != nil {
		t.Fatal(err)
	}
	film := "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x02\x4e\xa8mdat" + strings.Repeat("f", 151_200)
	path := filepath.Join(t.TempDir(), "motion.jpg")
	if err := os.WriteFile(path, append(plain, film...), 0o600); err != nil {
		t.Fatal(err)
	}
	img.Source.Path = path
	for _, text := range []string{"{path: a.jpg}", "{path: a.webp, strip: [gps]}"} {
		written, notes, err := stage(t, img, text)
		if err != nil || notes["film:"+filepath.Base(written)] != "151 kB dropped" {
			t.Errorf("%s: %v, %v", text, notes, err)
		}
		m, err := container.Read(written, strings.Replace(filepath.Ext(written)[1:], "jpg", "jpeg", 1))
		if err != nil {
			t.Fatal(err)
		}
		packet, err := xmp.Parse(m.XMP)
		if err != nil || !strings.Contains(string(packet.Bytes()), `burnish:Dropped="film: 151 kB"`) {
			t.Errorf("%s: the provenance says %s, %v", text, m.XMP, err)
		}
	}
	img.Original = true
	written, notes, err := stage(t, img, "{path: a.jpg}")
	if err != nil || len(notes) > 0 {
		t.Fatalf("a copy: %v, %v", notes, err)
	}
	if data, _ := os.ReadFile(written); len(data) != len(plain)+len(film) {
		t.Errorf("a copy has %d bytes of %d", len(data), len(plain)+len(film))
	}
}
