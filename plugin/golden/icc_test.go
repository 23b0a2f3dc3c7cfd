package golden

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

func TestTheDescriptionOfAProfile(t *testing.T) {
	for name, want := range map[string]string{"srgb": "sRGB", "p3": "P3"} {
		out, err := vips.Call("profile_load", vips.Args{"name": name})
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(out["profile"].([]byte)); !strings.Contains(got, want) {
			t.Errorf("%s is described as %q", name, got)
		}
	}
	for _, bad := range [][]byte{nil, make([]byte, 131), append(make([]byte, 128), 0, 0, 0, 9, 'd', 'e', 's', 'c', 255, 255, 255, 255, 1, 1, 1, 1)} {
		if got := describe(bad); got != "" {
			t.Errorf("%v is described as %q", bad, got)
		}
	}
}
