package plugin_test

import (
	"os"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

const routed = `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - resize: {width: 40}
        when: folder startsWith "web" and format == "jpeg"
    outputs:
      - path: "{dir}/{stem}.png"
`

// The same content takes another way in another folder.
func TestAPhotosFolderDecides(t *testing.T) {
	b := newFixture(t, routed, plugin.WithLedger())
	path := b.photo("archive/a.jpg", 80, 60, 1)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := b.done(path); r.Notes["left_out"] != "resize" {
		t.Errorf("the result says %v", r.Notes)
	}
	if r := b.done(b.write("in/web/2024/a.jpg", data)); r.Notes["left_out"] != "" || r.Reason != "" {
		t.Errorf("the result says %v, %s", r.Notes, r.Reason)
	}
	for name, want := range map[string]int{"out/archive/a.png": 80, "out/web/2024/a.png": 40} {
		h, err := vips.ReadHeader(b.path(name))
		if err != nil || h.Width != want {
			t.Errorf("%s is %d wide, %v; want %d", name, h.Width, err, want)
		}
	}
}
