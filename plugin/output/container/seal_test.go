package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzSeal seals whatever holds a placeholder and wants it to be found intact.
func FuzzSeal(f *testing.F) {
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
		if intact, _ := Sealed(path, format, digits); intact {
			t.Error("what was never sealed counts as intact")
		}
		if Seal(path, format, digits) != nil {
			return
		}
		now, err := os.ReadFile(path)
		if err != nil || len(now) != len(data) {
			t.Fatalf("%d bytes became %d, %v", len(data), len(now), err)
		}
		seal := string(now[strings.Index(string(data), digits):][:SealLength])
		if intact, err := Sealed(path, format, seal); !intact || err != nil {
			t.Errorf("sealed, it is not intact: %v", err)
		}
	})
}
