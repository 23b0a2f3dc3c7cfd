package builtin_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/opstest"
	"github.com/burnish-photo/burnish/ops/vips"
)

// changes are what operators are there to change of the metadata.
var changes = map[string][]string{
	"autorotate": {vips.FieldOrientation},
	"convert":    {vips.FieldICC},
	"transform":  {vips.FieldICC, vips.FieldOrientation},
}

// TestSuite runs the suite of all operators on Burnish's own, but those that run
// networks.
func TestSuite(t *testing.T) {
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	logo, err := os.ReadFile("../../packaging/demo/photos/dune-q10.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "logo.png"), logo, 0o644); err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, name := range reg.Names() {
		spec, _ := reg.Lookup(name)
		if spec.Group != "" || name == "promptcir" || name == "network" {
			continue
		}
		tested++
		t.Run(name, func(t *testing.T) {
			found, err := opstest.Run(t.Context(), opstest.Subject{
				Spec: spec, Env: ops.Env{Folder: folder, Scratch: t.TempDir(), InMemory: 1 << 20}, Changes: changes[name], Large: !testing.Short(),
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if f.Err != nil {
					t.Errorf("%s: %v", f.Check, f.Err)
				}
				for _, r := range f.Refused {
					t.Logf("%s: refused %s", f.Check, r)
				}
			}
		})
	}
	if tested < 8 {
		t.Errorf("%d operators were tested", tested)
	}
}
