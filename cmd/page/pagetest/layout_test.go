package pagetest_test

import (
	"testing"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

func TestMain(m *testing.M) { pagetest.Main(m) }

// Every place is reached from every other, and is as it should be where there
// is nothing yet.
func TestEmptyViews(t *testing.T) {
	d := pagetest.Start(t, pagetest.Config)
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		tab := pagetest.Open(t, d, look)
		tab.Go("/")
		for _, place := range []string{"now", "photos", "review", "failures", "library", "config"} {
			path := map[string]string{"now": "/"}[place]
			if path == "" {
				path = "/" + place
			}
			tab.Click(`nav.places a[href="` + path + `"]`)
			tab.Await(`document.querySelector("nav.places [aria-current]")?.getAttribute("href") === "` + path + `"`)
			tab.Await(`document.getElementById("live").dataset.state === "on"`)
			tab.Check()
			tab.Shot("empty-" + place)
		}
	})
}
