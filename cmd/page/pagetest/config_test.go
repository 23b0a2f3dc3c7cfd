package pagetest_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/page/pagetest"
)

// The file is shown as it is now with its secrets hidden, and a reload says
// whether it was taken.
func TestConfiguration(t *testing.T) {
	d := pagetest.Start(t, restoring+"# webhook_secret: hunter22\n")
	pagetest.EachLook(t, func(t *testing.T, look pagetest.Look) {
		d.Configure(restoring + "# webhook_secret: hunter22\n")
		d.Command("reload", "-c", "burnish.yaml")
		tab := pagetest.Open(t, d, look)
		tab.SignIn(d)
		tab.Go("/config")
		tab.Await(`document.querySelectorAll(".graph").length === 2`)
		if text := pagetest.Eval[string](tab, `document.body.innerText`); strings.Contains(text, "hunter22") || !strings.Contains(text, "webhook_secret: ••••••") {
			t.Errorf("the secret is shown in\n%s", text)
		}
		tab.Check()
		tab.Shot("config")

		d.Configure(strings.Replace(restoring, "resize: {width", "resise: {width", 1))
		tab.Click(`form[action="/config/reload"] button`)
		tab.Await(`document.querySelector(".file .fault.bad")?.innerText.includes("resise")`)
		tab.Await(`document.querySelector("[role=alert]")?.innerText.includes("refused")`)
		tab.Forgive("422")
		tab.Check()
		tab.Shot("config-faults")

		d.Configure(strings.Replace(restoring, "width: 400", "width: 300", 1))
		tab.Go("/config")
		tab.Await(`document.querySelector(".badge").innerText.includes("Changed")`)
		tab.Click(`form[action="/config/reload"] button`)
		tab.Await(`location.search === "?said=reloaded" && document.querySelector(".notice.good")`)
		tab.Check()
	})
}
