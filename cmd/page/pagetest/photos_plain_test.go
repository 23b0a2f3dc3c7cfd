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

// Without JavaScript the list is paged by links and filtered by its form, and a
// photo shows a pair of pictures.
func TestPhotosWithoutScripts(t *testing.T) {
	d := pagetest.Start(t, keeping)
	for i := range 62 {
		d.Drop(fmt.Sprintf("%02d.jpg", i), append(pagetest.Photo(t, "dune-q10.jpg"), byte(i)))
	}
	d.AwaitDone(62)
	get := func(path string) string {
		t.Helper()
		answer, err := http.Get(d.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v\n%.500s", path, answer.StatusCode, err, body)
		}
		return string(body)
	}
	first := get("/photos")
	if n := strings.Count(first, `class="card `); n != 60 {
		t.Errorf("%d photos on the first page", n)
	}
	next := regexp.MustCompile(`href="(/photos\?after=[0-9a-f]+)"`).FindStringSubmatch(first)
	if next == nil {
		t.Fatal("there is no next page")
	}
	if second := get(next[1]); strings.Count(second, `class="card `) != 2 || strings.Contains(second, `class="more"`) {
		t.Errorf("the second page: %.2000s", second)
	}
	filtered := get("/photos?text=07.JPG&result=done%3Aprocessed&pipeline=sharp&least=80&most=100")
	if strings.Count(filtered, `class="card `) != 1 || !strings.Contains(filtered, `value="07.JPG"`) {
		t.Errorf("filtered: %.2000s", filtered)
	}
	get("/photos?least=x&text=%3Cscript%3E&folder=%FF%00")
	photo := get(regexp.MustCompile(`href="(/photos/[0-9a-f]{32})"`).FindStringSubmatch(filtered)[1])
	pair := regexp.MustCompile(`<img src="(/photos/[^"]+)" alt="(?:Before|After)"`).FindAllStringSubmatch(photo, -1)
	if len(pair) != 2 {
		t.Fatalf("%d pictures", len(pair))
	}
	for _, p := range pair {
		if body := get(strings.ReplaceAll(p[1], "&amp;", "&")); !strings.HasPrefix(body, "\xff\xd8") {
			t.Errorf("%s is no JPEG", p[1])
		}
	}
	for _, told := range []string{"Damage", "90%", "Provenance", "sharp", "Verifying"} {
		if !strings.Contains(photo, told) {
			t.Errorf("the photo does not tell %q", told)
		}
	}
	output := get(regexp.MustCompile(`download href="(/photos/[^"]+/output/1)"`).FindStringSubmatch(photo)[1])
	if !strings.HasPrefix(output, "\xff\xd8") {
		t.Error("the download is no JPEG")
	}
}
