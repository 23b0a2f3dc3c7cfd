package page

import (
	"context"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/serve/token"
)

// site is a page that is served, of a daemon that knows nothing. Who asks has a
// token.
type site struct {
	*testing.T
	root, token string
}

func open(t *testing.T, base string) site {
	t.Helper()
	dir := t.TempDir()
	s := serve.New(serve.Options{StateDir: dir})
	New(Options{Client: api.Direct(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "{}")
	}))}).Mount(s)
	_, secret, err := token.At(dir).Create("tester", []string{"read", "act"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	change, err := s.Prepare(serve.Config{Listen: []string{"127.0.0.1:0"}, BasePath: base})
	if err != nil {
		t.Fatal(err)
	}
	change.Commit()
	t.Cleanup(func() { s.Close(context.Background()) })
	return site{t, strings.TrimSuffix(s.Addresses()[0], base+"/"), secret}
}

func (s site) get(path string, cookies ...string) (*http.Response, string) {
	s.Helper()
	r, err := http.NewRequest("GET", s.root+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return response, string(body)
}

func TestLinksLieBelowTheBasePath(t *testing.T) {
	h := open(t, "/burnish")
	for _, path := range []string{"/", "/photos", "/review", "/failures", "/config", "/none"} {
		response, body := h.get(path)
		if found := path != "/none"; found != (response.StatusCode == http.StatusOK) {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
		for _, link := range regexp.MustCompile(`(?:href|src|action|data-events|hx-get)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(link[1], "/burnish/") && !strings.HasPrefix(link[1], "#") {
				t.Errorf("%s: %s", path, link[0])
			}
		}
	}
}

func TestAssetsOfThePageAreServed(t *testing.T) {
	h := open(t, "")
	_, body := h.get("/")
	links := regexp.MustCompile(`(?:href|src)="(/assets/[^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(links) < 4 {
		t.Fatalf("%d assets", len(links))
	}
	for _, link := range links {
		w, _ := h.get(link[1])
		if w.StatusCode != http.StatusOK || !strings.Contains(w.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %v", link[1], w.StatusCode, w.Header)
		}
	}
	if w, _ := h.get("/assets/0/page.css"); w.StatusCode != http.StatusNotFound {
		t.Errorf("another version is answered with %d", w.StatusCode)
	}
}

// What a page may hold is bounded by its Content-Security-Policy: no script and
// no style of its own.
func TestNoTemplateHasInlineScriptsOrStyles(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(>|[^>]*[^>"]>[^<])|<style|\sstyle=|\son[a-z]+=|javascript:|https?://`)
	each(t, "templates", func(name, text string) {
		if found := inline.FindString(text); found != "" {
			t.Errorf("%s: %s", name, found)
		}
	})
}

// Every key that the code and the templates name has a text, and every text is
// named. A key that is put together begins with what stands before the print's
// first value.
func TestTextsAreComplete(t *testing.T) {
	c, err := loadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	texts := maps.Clone(c.texts[language.English])
	key := regexp.MustCompile("[\"`]([a-z][a-z_]*\\.[a-z_.]*[a-z_])[\"`]")
	called := regexp.MustCompile("(?:\\(t|\\{t|\\{n|\\(n|\\.say\\(|\\.count\\() ?[\"`]([^\"`]+)[\"`]")
	joined := regexp.MustCompile("print \"([a-z.]*)\"|print [.$][A-Za-z.]* \"([a-z.]+)\"|\"([a-z]+\\.)\" ?\\+")
	var patterns []string
	used := map[string]bool{}
	look := func(name, text string) {
		for _, m := range called.FindAllStringSubmatch(text, -1) {
			if texts[m[1]] == "" && texts[m[1]+".other"] == "" {
				t.Errorf("%s: there is no text %s", name, m[1])
			}
		}
		for _, m := range key.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
		for _, m := range joined.FindAllStringSubmatch(text, -1) {
			patterns = append(patterns, "^"+regexp.QuoteMeta(m[1]+m[3])+".*"+regexp.QuoteMeta(m[2])+"$")
		}
	}
	each(t, ".", look)
	for name := range texts {
		stem := regexp.MustCompile(`\.(zero|one|two|few|many|other)$`).ReplaceAllString(name, "")
		ok := used[name] || used[stem]
		for _, p := range patterns {
			ok = ok || p != "^.*$" && regexp.MustCompile(p).MatchString(name)
		}
		if !ok {
			t.Errorf("nothing says %s", name)
		}
	}
}

// each calls f with every template and source file below a folder.
func each(t *testing.T, root string, f func(name, text string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		if ext := filepath.Ext(name); ext != ".html" && ext != ".go" {
			return nil
		}
		data, err := os.ReadFile(name)
		f(name, string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGoingBackStaysHere(t *testing.T) {
	for from, to := range map[string]string{
		"/photos?state=failed&said=retried": "/photos?state=failed",
		"https://evil.example/":             "/",
		"//evil.example/":                   "/",
		"/\\evil.example":                   "/",
		"/%5cevil.example":                  "/",
		"photos":                            "/",
		"":                                  "/",
		"/a/../../b":                        "/b",
	} {
		if got := local(from); got != to {
			t.Errorf("local(%q) = %q, want %q", from, got, to)
		}
	}
}

func TestThemeIsKept(t *testing.T) {
	h := open(t, "")
	for cookie, theme := range map[string]string{"burnish_theme=dark": "dark", "burnish_theme=\"><script>": "auto", "": "auto"} {
		if _, body := h.get("/", cookie); !strings.Contains(body, `data-theme="`+theme+`"`) {
			t.Errorf("with %q the page is not %s", cookie, theme)
		}
	}
}
