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

// canaryConfig tries a changed pipeline on a half of the photos.
const canaryConfig = `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: small, output: ./out, settle: 100ms, canary: 50%}
pipelines:
  small: {steps: [resize: {width: 100}], outputs: [{path: "{stem}.jpg"}]}
`

// A person looks at the sample, takes the change back and takes it up again.
func TestCanary(t *testing.T) {
	d := pagetest.Start(t, canaryConfig)
	const photos = 8
	for i := range photos {
		d.Drop(fmt.Sprintf("%d.jpg", i), append(pagetest.Photo(t, "dune-q10.jpg"), byte('0'+i)))
	}
	d.AwaitDone(photos)
	out := func() (all []string) {
		for i := range photos {
			data, err := os.ReadFile(filepath.Join(d.Dir, "out", fmt.Sprintf("%d.jpg", i)))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(data))
		}
		return all
	}
	differ := func(a, b []string) (n int) {
		for i := range a {
			if a[i] != b[i] {
				n++
			}
		}
		return n
	}
	before := out()
	d.Configure(strings.Replace(canaryConfig, "{width: 100}", "{width: 100}, sharpen: {sigma: 1}", 1))
	d.Command("reload", "-c", "burnish.yaml")
	tab := pagetest.Open(t, d, pagetest.Desktop)
	tab.Go("/library/canary")
	tab.Check()
	tab.SignIn(d)
	tab.Go("/library/canary")
	tab.Await(`document.querySelectorAll('#canary tbody tr').length == 4`)
	tab.Check()
	if n := differ(before, out()); n != 4 {
		t.Errorf("%d outputs are others, want 4", n)
	}
	tab.Shot("canary")
	tab.Click(`#canary tbody a`)
	tab.Await(`document.querySelector('.tag.before')?.textContent == 'Former output'`)
	tab.Await(`[...document.querySelectorAll('.pair img')].length == 2 && [...document.querySelectorAll('.pair img')].every(i => i.naturalWidth == 100)`)
	tab.Await(`document.querySelector('.stage .message')?.textContent == ''`)
	tab.Check()
	tab.Shot("canary-photo")
	tab.Click(`.against a`)
	tab.Await(`document.querySelector('.tag.before')?.textContent == 'Before'`)
	tab.Go("/library/canary")
	tab.Click(`form[action$="/canary/back"] button`)
	tab.Await(`document.body.textContent.includes('The former outputs are back')`)
	if n := differ(before, out()); n != 0 {
		t.Errorf("%d outputs are others after going back", n)
	}
	tab.Click(`form[action$="/canary/go"] button`)
	tab.Await(`document.body.textContent.includes('The other photos follow')`)
	tab.Check()
	for end := time.Now().Add(time.Minute); differ(before, out()) < photos; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d outputs are others in the end", differ(before, out()))
		}
	}
}
