package container

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An iloc box may say of every item that it has 65,535 extents of no size: 1 MB of
// them held a reader for a minute. An item that is listed again and again counts
// once.
func TestItemPlacesTakeNoLonger(t *testing.T) {
	for name, test := range map[string]struct {
		sizes   uint16
		extents uint16
		extent  []byte
		found   int
	}{
		"extents of no size": {0, 65535, nil, 0},
		"one item":           {0x4400, 1, make([]byte, 8), 1},
	} {
		data := binary.BigEndian.AppendUint16([]byte{2, 0, 0, 0}, test.sizes)
		const items = 200_000
		data = binary.BigEndian.AppendUint32(data, items)
		for range items {
			data = append(data, 0, 0, 0, 1, 0, 0, 0, 0)
			data = append(binary.BigEndian.AppendUint16(data, test.extents), test.extent...)
		}
		path := filepath.Join(t.TempDir(), "iloc")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		begun := time.Now()
		found, err := itemPlaces(f, box{size: int64(len(data))}, map[uint64]string{1: "Exif"})
		if err != nil || len(found) != test.found {
			t.Errorf("%s: found %d: %v", name, len(found), err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

func TestItemPlacesEndEarly(t *testing.T) {
	data := []byte{2, 0, 0, 0, 0x44, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff}
	path := filepath.Join(t.TempDir(), "iloc")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := itemPlaces(f, box{size: int64(len(data))}, map[uint64]string{1: "Exif"}); err == nil {
		t.Error("extents behind the end were taken")
	}
}
