package pagetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

func TestFailures(t *testing.T) {
	d := pagetest.Start(t, strings.Replace(pagetest.Config, "{stem}.jpg", "{dir}/{stem}.jpg", 1))
	whole := pagetest.Photo(t, "mountain-q20.jpg")
	if err := os.WriteFile(filepath.Join(d.Dir, "out", "sub"), []byte("a file in the folder's place"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.Drop("<b>broken.jpg", []byte("no photo"))
	d.Drop("sub/cut.jpg", whole) // fails for as long as that file is there
	for i := range 30 {
		d.Drop(fmt.Sprintf("note %02d.jpg", i), []byte("no photo either"))
	}
	d.Await(`"failed": ?32,`)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/failures")
		tab.Await(`document.querySelectorAll("article").length === 25`)
		tab.Check()
		tab.Click(`a[rel=next]`)
		tab.Await(`document.querySelectorAll("article").length === 7`)
		tab.Check()
		tab.Go("/failures?text=broken")
		tab.Await(`document.querySelector("article h3").textContent === "<b>broken.jpg"`)
		tab.Click(`article summary`)
		tab.Await(`document.querySelector("article .log").innerText.includes("quarantined")`)
		tab.Check()
		tab.Go("/failures?state=retrying")
		tab.Await(`document.querySelector("article h3").textContent === "cut.jpg"`)
		tab.Click(`article summary`)
		tab.Check()
		tab.Go("/failures")
		tab.Shot("failures")
	})

	// Who may act retries one, all of a filter, or gives one up.
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.SignIn(d)
	tab.Go("/failures?text=cut")
	tab.Click(`form[action$="/quarantine"] button`)
	tab.Await(`location.search.includes("said=quarantined") && document.querySelector("article .badge.bad")`)
	broken := filepath.Join(d.Dir, "in", "<b>broken.jpg")
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	d.Drop("note 00.jpg", whole)
	d.AwaitDone(1)
	tab.Go("/failures?text=note+01")
	tab.Click(`article form[action$="/retry"] button`)
	tab.Await(`location.search.includes("said=retried")`)
	tab.Go("/failures?text=note")
	tab.Click(`.heading form[action$="/retry"] button`)
	tab.Await(`location.search.includes("said=retried")`)
	deadline := time.Now().Add(time.Minute)
	for !strings.Contains(d.Command("failed", "-c", "burnish.yaml"), "note 29.jpg") { // it failed again
		if time.Now().After(deadline) {
			t.Fatal("nothing was retried")
		}
		time.Sleep(100 * time.Millisecond)
	}
	tab.Check()
}
