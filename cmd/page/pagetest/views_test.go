package pagetest_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// views are all places of the page, with what each shows once there are photos.
var views = map[string]string{
	"/":                     "Now",
	"/photos":               "card",
	"/review":               "approve",
	"/failures":             "broken.jpg",
	"/library":              "Verify",
	"/library/undo?last=1h": "would be undone",
	"/config":               "burnish.yaml",
	"/sign-in":              "token",
}

// filled is a daemon with photos done, failed and waiting for review.
func filled(t *testing.T) *pagetest.Daemon {
	d := pagetest.Start(t, `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: small, output: ./out, settle: 100ms}
  - {folder: ./look, pipeline: small, output: ./looked, settle: 100ms, review: true}
pipelines:
  small: {steps: [resize: {width: 600}], outputs: [{path: "{stem}.jpg"}]}
`, "look")
	for i := range 8 {
		d.Drop(fmt.Sprintf("%d.jpg", i), append(pagetest.Photo(t, "mountain-q20.jpg"), byte(i)))
	}
	d.Drop("broken.jpg", []byte("no photo"))
	d.Drop("../look/waits.jpg", append(pagetest.Photo(t, "osprey-q10.jpg"), 1))
	d.AwaitDone(8)
	d.Await(`"failed": ?1,`)
	d.Await(`/look": ?1`)
	return d
}

// Without JavaScript, in a real browser, every view reads as it is, and a form
// does what its button says.
func TestEveryViewWithoutScripts(t *testing.T) {
	d := filled(t)
	for path, says := range views {
		answer, err := http.Get(d.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if text := regexp.MustCompile(`(?s)<head>.*</head>`).ReplaceAllString(string(body), ""); err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(text, says) {
			t.Errorf("%s: %d, %v, does not say %q", path, answer.StatusCode, err, says)
		}
		if strings.Contains(string(body), "<noscript") {
			t.Errorf("%s asks for scripts", path)
		}
	}
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.SignIn(d)
	tab.WithoutScripts()
	for path, says := range views {
		tab.Go(path)
		tab.Await(`document.documentElement.innerHTML.includes("` + says + `") && document.querySelector("nav.places [aria-current], .view-signin")`)
		if painted := pagetest.Eval[int](tab, `document.querySelectorAll("canvas.plotted, .uplot").length`); painted != 0 {
			t.Errorf("%s ran its scripts", path)
		}
	}
	tab.Go("/review")
	tab.Click(`form[action$="/review/approve"] button`)
	tab.Await(`location.search.includes("said=approved")`)
	tab.Go("/library")
	tab.Click(`form[action$="/library/verify"] .button.primary`)
	tab.Await(`document.querySelector("#task")?.innerText.includes("Verification")`)
	tab.Go("/")
	tab.Click(`form[action$="/pause"] button`)
	tab.Await(`document.querySelector('input[name="paused"]').value === "false"`)
}

// Who has signed in stays so over a restart of the daemon, and over one with
// another token's end, which ends only that token's sessions.
func TestASessionOutlivesTheDaemon(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.SignIn(d)
	d.Stop()
	d.Begin()
	tab.Go("/")
	tab.Await(`document.querySelector('form[action$="/sign-out"]') && document.querySelector('form[action$="/pause"]')`)
	tab.Click(`form[action$="/pause"] button`)
	tab.Await(`document.querySelector('input[name="paused"]').value === "false"`)
	tab.Click(`form[action$="/sign-out"] button`)
	tab.Await(`document.querySelector('a.sign')`)
	d.Stop()
	d.Begin() // which does not bring a session back that was ended
	tab.Go("/")
	tab.Await(`document.querySelector('a.sign') && !document.querySelector('form[action$="/sign-out"]')`)
}

// Every view on a screen of 4K, light and dark.
func TestEveryViewIn4K(t *testing.T) {
	d := filled(t)
	wide := pagetest.Look{Width: 3840, Height: 2160}
	for _, look := range []pagetest.Look{wide, wide.InDark()} {
		t.Run(look.String(), func(t *testing.T) {
			tab := pagetest.Open(t, d, look)
			for path := range views {
				tab.Go(path)
				tab.Check()
				tab.Shot("4k-" + strings.Trim(regexp.MustCompile(`[^a-z]+`).ReplaceAllString(path, "-"), "-"))
			}
			tab.Go("/photos?result=done") // not the broken one, of which nothing is shown
			tab.Click(`.card a`)
			tab.Await(`document.querySelector(".viewer:not([hidden])")`)
			tab.Check()
			tab.Shot("4k-photo")
		})
	}
}
