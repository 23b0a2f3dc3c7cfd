package pagetest_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// keeping keeps a photo's size, so that before and after lie on each other.
const keeping = `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: sharp, output: ./out, settle: 100ms}
pipelines:
  sharp:
    steps:
      - sharpen: {sigma: 1.5}
    outputs:
      - path: "{stem}.jpg"
      - path: "thumbs/{stem}.webp"
        thumbnail: {width: 200}
`

func TestPhotos(t *testing.T) {
	d := pagetest.Start(t, keeping)
	for _, name := range []string{"dune-q10.jpg", "osprey-q10.jpg", "mountain-q20.jpg", "colosseum-q40.jpg"} {
		d.Drop(name, pagetest.Photo(t, name))
	}
	d.Drop("broken.jpg", []byte("this is no photo"))
	d.AwaitDone(4)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/photos")
		tab.Await(`document.querySelectorAll(".card").length === 5`)
		tab.Await(`[...document.querySelectorAll(".thumb img")].some(i => i.complete && i.naturalWidth > 0)`)
		pagetest.Eval[any](tab, `document.querySelectorAll(".thumb img").forEach(i => i.loading = "eager")`)
		tab.Await(`[...document.querySelectorAll(".thumb img")].filter(i => i.complete && i.naturalWidth > 0).length >= 4`)
		tab.Check()
		tab.Shot("photos")
		tab.Go("/photos?text=DUNE&result=done&least=50")
		tab.Await(`document.querySelectorAll(".card").length === 1`)
		tab.Check()
		tab.Go("/photos?camera=none")
		tab.Await(`document.querySelector(".empty")`)
		tab.Check()
	})
}

func TestPhoto(t *testing.T) {
	d := pagetest.Start(t, keeping)
	d.Drop("mountain-q20.jpg", pagetest.Photo(t, "mountain-q20.jpg"))
	d.AwaitDone(1)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/photos")
		tab.Click(".card a")
		loaded := `document.querySelector(".viewer")?.dataset.pending === "0"`
		tab.Await(loaded)
		tab.Check()
		tab.Shot("photo")
		data := func(name string) string {
			return pagetest.Eval[string](tab, `document.querySelector(".viewer").dataset.`+name)
		}

		pagetest.Eval[any](tab, `document.querySelector(".divider").focus()`)
		before := data("split")
		tab.Press("\u0303") // arrow right, as chromedp has it
		tab.Await(fmt.Sprintf(`document.querySelector(".viewer").dataset.split > %s`, before))
		pagetest.Eval[any](tab, `document.querySelector(".stage").focus()`)
		tab.Press("[")
		tab.Press("[")
		tab.Await(fmt.Sprintf(`document.querySelector(".viewer").dataset.split < %s`, before))

		tab.Press("1")
		tab.Await(`document.querySelector(".viewer").dataset.scale === "1.0000"`)
		tab.Await(loaded)
		tab.Shot("photo-full")
		tab.Press("b")
		tab.Await(`document.querySelector(".viewer").dataset.mode === "side"`)
		tab.Await(loaded)
		tab.Shot("photo-side")
		tab.Press("d")
		tab.Await(`document.querySelector(".viewer").dataset.mode === "difference"`)
		tab.Await(loaded)
		tab.Check()
		tab.Shot("photo-difference")
		const brightest = `(() => { const c = document.querySelector("canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
			let most = 0, sum = 0; for (let i = 0; i < d.length; i += 4) { most = Math.max(most, d[i]); sum += d[i]; } return most > 40 && sum / d.length < 60 })()`
		if !pagetest.Eval[bool](tab, brightest) {
			t.Error("the difference shows nothing, or everything")
		}
		tab.Press("0")
		tab.Await(`document.querySelector(".viewer").dataset.scale !== "1.0000"`)
	})
	if t.Failed() {
		return
	}
	get := func(path string) (int, http.Header) {
		t.Helper()
		answer, err := http.Get(d.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, answer.Header
	}
	tab := pagetest.Open(t, d, pagetest.Look{Width: 1200, Height: 900})
	tab.Go("/photos")
	id := strings.TrimPrefix(pagetest.Eval[string](tab, `document.querySelector(".card a").pathname`), "/photos/")
	status, h := get("/photos/" + id + "/output/1")
	if status != 200 || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("the download: %d %v", status, h)
	}
	for path, want := range map[string]int{
		"/photos/" + id + "/output/0":               404, // originals are not handed out
		"/photos/" + id + "/output/9":               404,
		"/photos/" + id + "/tile/0/0/0/0":           200,
		"/photos/" + id + "/tile/0/0/99999999999/0": 404,
		"/photos/" + id + "/tile/0/99/0/0":          404,
		"/photos/" + id + "/tile/0/-1/0/0":          404,
		"/photos/" + id + "/tile/x/0/0/0":           404,
		"/photos/" + id + "/tile/0/0/0/1e9":         404,
		"/photos/" + id + "/preview/0?side=99999":   404,
		"/photos/" + id + "/size/7":                 404,
		"/photos/0123/tile/0/0/0/0":                 404,
		"/photos/..%2f..%2fetc%2fpasswd/output/1":   400,
	} {
		if status, _ := get(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	// What is put in an output's place is not shown, and a link is not followed.
	out := filepath.Join(d.Dir, "out", "mountain-q20.jpg")
	if err := os.Rename(out, out+".away"); err != nil {
		t.Fatal(err)
	}
	if status, _ := get("/photos/" + id + "/output/1"); status != 410 {
		t.Errorf("of a deleted output: %d", status)
	}
	if err := os.Symlink("/etc/hostname", out); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"output/1", "tile/1/0/0/0", "preview/1"} {
		if status, _ := get("/photos/" + id + "/" + what); status < 400 {
			t.Errorf("%s through a link: %d", what, status)
		}
	}
	tab.Go("/photos/" + id)
	tab.Await(`document.querySelector(".notice.warn, .bad-text")`)
}
