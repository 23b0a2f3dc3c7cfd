package pagetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// underReview restores, so that strengths can be tried.
const underReview = `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: restore, output: ./out, settle: 100ms, review: true}
pipelines:
  restore:
    steps:
      - promptcir: {preset: fast}
    outputs:
      - path: "{stem}.jpg"
      - {path: "{stem}.small.png", thumbnail: {width: 200}}
`

// awaitPublished waits until outputs are there, and no others.
func awaitPublished(t *testing.T, d *pagetest.Daemon, names ...string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		found, _ := filepath.Glob(filepath.Join(d.Dir, "out", "[^.]*"))
		for i := range found {
			found[i] = filepath.Base(found[i])
		}
		if fmt.Sprint(found) == fmt.Sprint(names) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("published: %q, want %q", found, names)
		}
	}
}

func TestReview(t *testing.T) {
	d := pagetest.Start(t, underReview)
	for _, name := range []string{"a-dune.jpg", "b-osprey.jpg", "c-mountain.jpg", "d <i>.jpg"} {
		data := pagetest.Photo(t, map[byte]string{'a': "dune-q10.jpg", 'b': "osprey-q10.jpg", 'c': "mountain-q20.jpg", 'd': "mountain-q20.jpg"}[name[0]])
		d.Drop(name, data)
	}
	d.Await(`"review": ?\{[^}]*: ?4`)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/review")
		tab.Await(`document.querySelectorAll(".queue li").length === 4 && [...document.images].every(i => i.complete && i.naturalWidth > 0)`)
		tab.Await(`document.querySelector(".split-pictures .compare")`)
		tab.Check()
		tab.Shot("review")
		tab.Press(kb.ArrowRight)
		tab.Await(`document.querySelector("#photo-title")?.textContent === "b-osprey.jpg"`)
		tab.Press("a") // does nothing for who may not act
		tab.Click(`.results a:last-child`)
		tab.Await(`location.search.includes("picture=2") && [...document.images].every(i => i.complete && i.naturalWidth > 0)`)
		tab.Check()
		tab.Go("/review?where=" + `file+contains+"i"`)
		tab.Await(`document.querySelectorAll(".queue li").length === 2`)
		tab.Go("/review?where=nonsense")
		tab.Await(`document.querySelector(".notice.bad")?.innerText.includes("unknown variable")`)
		tab.Forgive("422")
		tab.Check()
	})
	awaitPublished(t, d)

	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.SignIn(d)
	tab.Go("/review")
	at := func(name string) {
		t.Helper()
		tab.Await(`document.querySelector("#photo-title")?.textContent === "` + name + `" && document.querySelector(".split-pictures .compare")`)
	}
	at("a-dune.jpg")
	tab.Check()
	tab.Shot("review-signed-in")
	tab.Press("a") // approves, and goes on
	at("b-osprey.jpg")
	awaitPublished(t, d, "a-dune.jpg", "a-dune.small.png")
	tab.Press("r")
	at("c-mountain.jpg")
	tab.Press(kb.ArrowRight)
	at("d <i>.jpg")
	tab.Press(kb.ArrowLeft)
	at("c-mountain.jpg")

	// Another strength makes another result, which waits in its place.
	before := pagetest.Eval[string](tab, `document.querySelector(".after img").src`)
	pagetest.Eval[string](tab, `(i => { i.value = 0.5; i.dispatchEvent(new Event("input", {bubbles: true})); return i.form.querySelector("output").textContent })(document.querySelector("#strength"))`)
	tab.Click(`.strength button`)
	tab.Await(`document.querySelector(".look .badge")?.textContent === "strength 50%" && document.querySelector(".after img").src !== "` + before + `" && [...document.images].every(i => i.complete && i.naturalWidth > 0)`)
	tab.Check()
	tab.Shot("review-strength")
	awaitPublished(t, d, "a-dune.jpg", "a-dune.small.png")

	// The rest at once.
	tab.Click(`.all summary`)
	tab.Click(`.all form[action$="/approve"] button`)
	tab.Await(`document.querySelector(".empty")`)
	awaitPublished(t, d, "a-dune.jpg", "a-dune.small.png", "c-mountain.jpg", "c-mountain.small.png", "d <i>.jpg", "d <i>.small.png")
	if _, err := os.Stat(filepath.Join(d.Dir, "in", "b-osprey.jpg")); err != nil {
		t.Error(err)
	}
	if got := d.Command("review", "-c", "burnish.yaml"); !strings.Contains(got, "nothing waits") {
		t.Error(got)
	}
	tab.Check()
}
