package pagetest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// restoring has a network, a folder that is polled, and one that is missing.
const restoring = `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: restore, output: ./out, settle: 100ms}
  - {folder: ./scans, pipeline: small, output: ./out2, settle: 100ms, events: never}
  - {folder: ./camera, pipeline: small, output: ./out3, settle: 100ms}
pipelines:
  restore:
    steps:
      - promptcir: {preset: fast}
    outputs:
      - path: "{stem}.jpg"
  small:
    steps:
      - resize: {width: 400}
    outputs:
      - path: "{stem}.jpg"
`

func TestNow(t *testing.T) {
	d := pagetest.Start(t, restoring)
	for _, dir := range []string{"scans"} {
		if err := os.Mkdir(filepath.Join(d.Dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"dune-q10.jpg", "osprey-q10.jpg", "mountain-q20.jpg"} {
		d.Drop(name, pagetest.Photo(t, name))
	}
	d.Drop("broken.jpg", []byte("\xff\xd8\xff\xe0 this is no photo"))
	d.AwaitDone(3)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/")
		tab.Await(`document.querySelectorAll("figure .uplot").length > 0`)
		tab.Check()
		tab.Shot("now")
	})
	tab := pagetest.Open(t, d, pagetest.Look{Width: 1200, Height: 1900})
	tab.Go("/")
	tab.Await(`document.querySelectorAll("figure .uplot").length > 0`)
	tab.Shot("now-all")
}
