package output

import (
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
)

// TestReferenceIsUpToDate compares the document with the code;
// BURNISH_UPDATE=1 writes it.
func TestReferenceIsUpToDate(t *testing.T) {
	const file = "../../config/outputs.md"
	want := Reference()
	if os.Getenv("BURNISH_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "libvips "+vips.Version()+";") {
		t.Skipf("the document is of another libvips than %s", vips.Version())
	}
	if string(data) != want {
		t.Errorf("config/outputs.md is not what the code says: run BURNISH_UPDATE=1 go test ./plugin/output -run Reference")
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, k := range keys {
		documented[k.name] = true
	}
	for name := range (&Config{}).keys() {
		if !documented[name] {
			t.Errorf("the key %s is not documented", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("the key %s is documented, but there is none", name)
	}
}
