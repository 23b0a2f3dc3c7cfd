package pagetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// An open page shows what happens without being loaded again, and goes on when
// the daemon has been restarted.
func TestThePageFollowsTheDaemon(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.Go("/")
	tab.Await(`document.getElementById("live").dataset.state === "on"`)
	pagetest.Eval[string](tab, `window.loaded = "once"`)
	done := func(photos string) string {
		return `[...document.querySelectorAll(".tile")].some(t => t.innerText.startsWith("Done") && t.querySelector("dd").firstChild.data === "` + photos + `")`
	}
	tab.Await(done("0"))
	d.Drop("a.jpg", pagetest.Photo(t, "mountain-q20.jpg"))
	tab.Await(done("1"))

	d.Stop()
	tab.Await(`document.getElementById("live").dataset.state === "lost"`)
	d.Begin()
	tab.Await(`document.getElementById("live").dataset.state === "on"`)
	tab.Await(done("0")) // since the start
	d.Drop("b.jpg", pagetest.Photo(t, "dune-q10.jpg"))
	tab.Await(done("1"))
	if pagetest.Eval[string](tab, `window.loaded`) != "once" {
		t.Error("the page was loaded again")
	}
	tab.Forgive("ERR_") // while there was no daemon
	tab.Check()

	// The figures outlive the daemon: two photos in this hour.
	tab.Go("/?range=day")
	if rows := pagetest.Eval[string](tab, `document.getElementById("figures").dataset.rows`); !strings.Contains(rows, ",8,0,") && strings.Count(rows, ",4,0,") != 2 {
		t.Errorf("a quarter of an hour with two photos, or two with one each, is not among %s", rows)
	}
}

// A tab that nobody sees holds no connection, and is up to date once it is seen.
func TestAHiddenTabHoldsNoStream(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.Go("/")
	tab.Await(`document.getElementById("live").dataset.state === "on"`)
	ended := `performance.getEntriesByType("resource").filter(e => e.name.endsWith("/events")).length === 1`
	if pagetest.Eval[bool](tab, ended) {
		t.Fatal("the stream has ended at once")
	}
	hide := func(hidden string) {
		pagetest.Eval[bool](tab, `Object.defineProperty(document, "hidden", {value: `+hidden+`, configurable: true}) && document.dispatchEvent(new Event("visibilitychange"))`)
	}
	hide("true")
	tab.Await(ended) // the browser tells of requests that have ended
	d.Drop("a.jpg", pagetest.Photo(t, "mountain-q20.jpg"))
	d.AwaitDone(1)
	hide("false")
	tab.Await(`[...document.querySelectorAll(".tile")].some(t => t.innerText.startsWith("Done") && t.querySelector("dd").firstChild.data === "1")`)
	tab.Check()
}

// All is reached and done with the keyboard.
func TestKeyboard(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.SignIn(d)
	tab.Go("/")
	tab.Press(kb.Tab)
	if focus := pagetest.Eval[string](tab, `document.activeElement.innerText`); focus != "Skip to content" {
		t.Errorf("the first thing in focus is %q", focus)
	}
	tab.Press(kb.Enter)
	tab.Await(`document.activeElement.id === "main"`)
	tab.Press(kb.Tab)
	tab.Await(`document.activeElement.innerText === "Pause"`)
	tab.Press(kb.Enter)
	tab.Await(`location.search === "?said=paused" && document.querySelector("#state .badge").innerText.includes("Paused")`)
	tab.Await(`document.querySelector("form[action='/pause'] button").innerText === "Resume"`)
	tab.Check()
	tab.Click(`form[action="/pause"] button`)
	tab.Await(`location.search === "?said=resumed" && document.querySelector("#state .badge").innerText.includes("Idle")`)
}

// Who has no token may look, and is asked for one to act.
func TestActingTakesAToken(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/")
		tab.Click(`form[action="/pause"] button`)
		tab.Await(`location.pathname === "/sign-in"`)
		tab.Check()
		tab.Shot("sign-in")
		tab.Press("wrong" + kb.Enter) // the field has the focus
		tab.Await(`document.querySelector("[role=alert]")`)
		tab.Forgive("401")
		tab.Check()
	})
	if _, err := os.Stat(filepath.Join(d.Dir, "state", "paused")); err == nil {
		t.Error("it was paused")
	}
}

// The choice of colours is kept, with a script and without.
func TestColours(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.Go("/photos")
	ground := func() string { return pagetest.Eval[string](tab, `getComputedStyle(document.body).backgroundColor`) }
	light := ground()
	tab.Click(`button[value="dark"]`)
	tab.Await(`document.documentElement.dataset.theme === "dark"`)
	if ground() == light {
		t.Error("it is not dark")
	}
	tab.Await(`document.cookie.includes("burnish_theme=dark")`)
	tab.Go("/")
	if ground() == light {
		t.Error("it is not kept")
	}
	tab.Check()
	tab.Go("/photos?x=1")
	pagetest.Eval[int](tab, `HTMLFormElement.prototype.submit.call(Object.assign(document.querySelector("form.theme"), {}).appendChild(Object.assign(document.createElement("input"), {type: "hidden", name: "theme", value: "light"})).form), 1`)
	tab.Await(`location.pathname + location.search === "/photos?x=1" && document.documentElement.dataset.theme === "light"`)
}
