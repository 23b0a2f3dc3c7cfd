package output

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// Of every format, a file is known as it was written; one byte more, less or
// other, and it is not.
func TestIntegrityDigests(t *testing.T) {
	img := photo(t)
	for _, f := range formats {
		if f.name == tiles {
			continue
		}
		path, _, err := stage(t, img, "{path: a."+f.extensions[0]+", strip: [gps]}")
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		h, err := vips.ReadHeader(path)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := metadata.ReadProvenance(path, h.Format)
		if !ok || len(p.IntegrityDigest) != 64 {
			t.Errorf("%s: %+v", f.name, p)
			continue
		}
		if intact, err := p.Intact(path, h.Format); !intact || err != nil {
			t.Errorf("%s: as it was written, it is not intact: %v", f.name, err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, changed := range map[string][]byte{
			"cut":      whole[:len(whole)-1],
			"longer":   append(bytes.Clone(whole), 0),
			"a pixel":  with(whole, len(whole)-20),
			"its name": bytes.Replace(whole, []byte(`Source="abc"`), []byte(`Source="abd"`), 1),
			"twice":    append(bytes.Clone(whole), p.IntegrityDigest...),
			"checksum": with(whole, bytes.Index(whole, []byte(p.IntegrityDigest))+64),
		} {
			other := filepath.Join(t.TempDir(), filepath.Base(path))
			if err := os.WriteFile(other, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if intact, _ := p.Intact(other, h.Format); intact {
				t.Errorf("%s, changed (%s): it counts as intact", f.name, name)
			}
		}
		again, _, err := stage(t, img, "{path: a."+f.extensions[0]+", strip: [gps]}")
		if err != nil {
			t.Fatal(err)
		}
		if same, err := os.ReadFile(again); err != nil || !bytes.Equal(same, whole) {
			t.Errorf("%s: made again, it differs: %v", f.name, err)
		}
	}
}

func with(data []byte, at int) []byte {
	changed := bytes.Clone(data)
	changed[at] ^= 1
	return changed
}
