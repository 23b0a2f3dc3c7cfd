package builtin_test

import (
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/vips"
)

// The document is what `burnish ops --markdown` prints; BURNISH_UPDATE=1 writes
// it.
func TestReferenceIsUpToDate(t *testing.T) {
	const file = "../../config/operations.md"
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	want := reg.Reference(vips.Version())
	if os.Getenv("BURNISH_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "libvips "+vips.Version()+" by") {
		t.Skipf("the document is of another libvips than %s", vips.Version())
	}
	if string(data) == want {
		return
	}
	got, wanted := strings.Split(string(data), "\n"), strings.Split(want, "\n")
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("%s:%d is\n%s\nwant\n%s\nBURNISH_UPDATE=1 go test ./ops/builtin -run Reference writes it", file, i+1, got[i], wanted[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d; BURNISH_UPDATE=1 go test ./ops/builtin -run Reference writes it", file, len(got), len(wanted))
}
