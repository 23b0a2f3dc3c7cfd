package container

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzIntegrityDigest writes one into whatever holds a placeholder, and expects the
// file to be found intact.
func FuzzIntegrityDigest(f *testing.F) {
	digits := strings.Repeat("0123456789abcdef", 4)
	f.Add([]byte(pngSignature+"\x00\x00\x00\x44iTXtab"+digits+"cd\x01\x02\x03\x04"), true)
	f.Add([]byte(pngSignature+"\x00\x00\x00\x02iTXtab"+digits), true)
	f.Add([]byte(pngSignature+"\xff\xff\xff\xffiTXtab"+digits), true)
	f.Add([]byte("\xff\xd8"+digits+digits), false)
	f.Add([]byte("\xff\xd8"+digits), false)
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, data []byte, png bool) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		format := "jpeg"
		if png {
			format = "png"
		}
		if intact, _ := HasIntegrityDigest(path, format, digits); intact {
			t.Error("what never got one counts as intact")
		}
		if WriteIntegrityDigest(path, format, digits) != nil {
			return
		}
		now, err := os.ReadFile(path)
		if err != nil || len(now) != len(data) {
			t.Fatalf("%d bytes became %d, %v", len(data), len(now), err)
		}
		digest := string(now[strings.Index(string(data), digits):][:IntegrityDigestLength])
		if intact, err := HasIntegrityDigest(path, format, digest); !intact || err != nil {
			t.Errorf("it is not intact: %v", err)
		}
	})
}

// A PNG is not walked through without an end, be it that it has very many chunks.
func TestChunksAreBounded(t *testing.T) {
	digits := strings.Repeat("0123456789abcdef", 4)
	chunk := "\x00\x00\x00\x44iTXtab" + digits + "cd\x01\x02\x03\x04"
	file := func(chunks int) string {
		path := filepath.Join(t.TempDir(), "f.png")
		data := pngSignature + strings.Repeat("\x00\x00\x00\x00IDAT\x01\x02\x03\x04", chunks) + chunk
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	few := file(maxChunks - 1)
	if err := WriteIntegrityDigest(few, "png", digits); err != nil {
		t.Fatal(err)
	}
	now, _ := os.ReadFile(few)
	digest := string(now[bytes.LastIndex(now, []byte("iTXtab"))+6:][:IntegrityDigestLength])
	if intact, err := HasIntegrityDigest(few, "png", digest); !intact || err != nil {
		t.Errorf("it is not intact: %v", err)
	}
	many := file(maxChunks)
	if err := WriteIntegrityDigest(many, "png", digits); !errors.Is(err, errChunks) {
		t.Errorf("written: %v", err)
	}
	if _, err := Read(many, "png"); !errors.Is(err, errChunks) {
		t.Errorf("read: %v", err)
	}
}
