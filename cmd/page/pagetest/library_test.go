package pagetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// libraryConfig keeps photos of a changed pipeline waiting for a person.
const libraryConfig = `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: small, output: ./out, settle: 100ms, on_change: ask}
  - {folder: ./more, pipeline: small, output: ./other, settle: 100ms, on_change: ask}
pipelines:
  small: {steps: [resize: {width: 100}], outputs: [{path: "{stem}.jpg"}]}
`

// away waits until a file is gone, or is there again.
func away(t *testing.T, path string, gone bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(path); os.IsNotExist(err) == gone {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: gone must be %v", path, gone)
		}
	}
}

// A person verifies, heals, decides about a changed pipeline, undoes and redoes.
func TestLibrary(t *testing.T) {
	d := pagetest.Start(t, libraryConfig, "more")
	for _, name := range []string{"<b>a.jpg", "b.jpg", "c.jpg"} {
		d.Drop(name, append(pagetest.Photo(t, "dune-q10.jpg"), name...))
	}
	d.Drop("../more/d.jpg", append(pagetest.Photo(t, "dune-q10.jpg"), 'd'))
	d.AwaitDone(4)
	out := func(name string) string { return filepath.Join(d.Dir, "out", name) }
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.Go("/library")
	tab.Await(`!document.querySelector('form[action$="/library/verify"]')`) // who only reads starts nothing
	tab.Check()
	tab.SignIn(d)
	tab.Go("/library")
	tab.Click(`form[action$="/library/verify"] .button.primary`)
	tab.Await(`document.querySelector("#task .badge.good") && document.querySelector("#task").innerText.includes("4 photos")`)
	tab.Check()

	// What is missing and altered is found, and made again.
	if err := os.Remove(out("b.jpg")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out("c.jpg"), []byte("altered"), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.Click(`form[action$="/library/verify"] .button.primary`)
	tab.Await(`document.querySelectorAll("#task tbody tr").length === 2`)
	tab.Check()
	tab.Shot("library-findings")
	tab.Click(`.heal summary`)
	pagetest.Eval[bool](tab, `new Promise(done => { // a part that is brought up to date leaves it open
		document.body.addEventListener("htmx:afterSettle", e => e.target.id === "task" && done(true));
		htmx.trigger(document.body, "burnish:status"); })`)
	tab.Click(`button[value="missing"]`)
	away(t, out("b.jpg"), false)
	tab.Go("/library")
	tab.Click(`form[action$="/library/verify"] .button.primary`)
	tab.Await(`document.querySelectorAll("#task tbody tr").length === 1 && document.querySelector(".heal summary")`)
	tab.Click(`.heal summary`)
	tab.Click(`button[value="altered"]`)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if data, _ := os.ReadFile(out("c.jpg")); len(data) > 100 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the altered output was not made again")
		}
	}

	// A changed pipeline: one folder keeps, the other is processed again.
	d.Configure(strings.Replace(libraryConfig, "width: 100", "width: 120", 1))
	d.Command("reload", "-c", "burnish.yaml")
	tab.Go("/library")
	tab.Await(`document.querySelectorAll('form[action$="/library/keep"]').length === 2`)
	tab.Check()
	tab.Shot("library-changes")
	tab.Click(`.changes li:has(input[value$="/more"]) form[action$="/keep"] button`)
	tab.Await(`document.querySelectorAll('form[action$="/library/keep"]').length === 1`)
	stamp := func(name string) time.Time {
		info, err := os.Stat(out(name))
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	kept, redone := stamp("../other/d.jpg"), stamp("c.jpg")
	tab.Click(`.changes li:has(input[value$="/in"]) form[action$="/reprocess"] button`)
	tab.Await(`location.search.includes("said=reprocessing")`)
	for end := time.Now().Add(time.Minute); stamp("c.jpg").Equal(redone); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing was processed again")
		}
	}
	if !stamp("../other/d.jpg").Equal(kept) {
		t.Error("an output that was to be kept was made again")
	}
	d.Stop()
	d.Begin() // which remembers the choice
	tab.Go("/library")
	tab.Forgive("ERR_CONNECTION_REFUSED") // its stream, meanwhile
	tab.Await(`document.querySelector(".changes li") && !document.querySelector('form[action$="/library/keep"]')`)

	// One photo is undone from its view; then all of a filter.
	tab.Go("/photos?text=b.jpg")
	tab.Click(`.card a`)
	tab.Click(`a[href*="/library/undo?photo="]`)
	tab.Await(`document.querySelectorAll("tbody tr").length === 1`)
	tab.Check()
	if _, err := os.Stat(out("b.jpg")); err != nil {
		t.Error("a preview moved something: ", err)
	}
	tab.Click(`form[action$="/library/undo"] button`)
	away(t, out("b.jpg"), true)
	tab.Await(`document.querySelector("#task .badge.good")`)
	tab.Go("/library/undo?last=1h&folder=" + filepath.Join(d.Dir, "in") + "&where=glob(path, '*c.jpg')")
	tab.Await(`document.querySelectorAll("tbody tr").length === 1`)
	tab.Shot("undo")
	tab.Click(`form[action$="/library/undo"] button`)
	away(t, out("c.jpg"), true)
	tab.Await(`document.querySelector('a[href*="redo=true"]')`)
	tab.Check()
	tab.Shot("library-undone")
	tab.Click(`a[href*="redo=true"]`)
	tab.Click(`form[action$="/library/undo"] button`)
	away(t, out("c.jpg"), false)
	if _, err := os.Stat(out("b.jpg")); err == nil {
		t.Error("a redo of the last undo brought back another's photo, too")
	}

	// What a person or an attacker may write is refused in words.
	for path, says := range map[string]string{
		"/library/undo":                         "choose a time",
		"/library/undo?folder=/etc":             "watched folder",
		"/library/undo?where=nonsense(":         "condition",
		"/library/undo?last=1h&since=yesterday": "since must be a time",
		"/library/undo?photo=../../etc":         "",
	} {
		tab.Forgive("Failed to load resource")
		tab.Go(path)
		tab.Await(`document.querySelector(".notice.bad")?.innerText.includes("` + says + `")`)
	}
}
