package v1

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

func TestPreferred(t *testing.T) {
	offers := []string{"image/jpeg", "image/webp", "image/avif", jsonType}
	for accept, want := range map[string]int{
		"":                                   0,
		"*/*":                                0,
		"image/*":                            0,
		"image/webp":                         1,
		"image/avif,image/webp,*/*":          1,
		"image/avif, image/webp;q=0.9":       2,
		"image/*;q=0.5, image/webp;q=0.1":    0,
		"image/jpeg;q=0, image/*":            1,
		"application/json":                   3,
		"application/json, image/jpeg;q=0.9": 3,
		"text/html":                          -1,
		"*/*;q=0":                            -1,
		"image/png, text/*":                  -1,
		"IMAGE/WEBP":                         1,
		"image/webp;q=nonsense":              -1,
		"image/webp;q=NaN":                   -1,
		"image/webp;q=7":                     -1,
		",,;;,image/webp":                    1,
		strings.Repeat("text/html,", 5000) + "image/webp": -1,
	} {
		if got := preferred(accept, offers); got != want {
			t.Errorf("%.60q prefers %d, want %d", accept, got, want)
		}
	}
}

// No name and no note adds a line to a header.
func TestHeadersCannotBeForged(t *testing.T) {
	w := httptest.NewRecorder()
	hostile := "a\r\nSet-Cookie: x=1\x00ü"
	ReceiptOf("p", "", plugin.Result{Notes: map[string]string{"model": hostile, "device": hostile}}, func(int) string { return "1" }).SetHeaders(w.Header())
	file := t.TempDir() + "/x"
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if err := SendFile(w, r, file, MadeOutput{}); err == nil {
		t.Error("a file that is not there was sent")
	}
	for name, values := range w.Header() {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") {
				t.Errorf("%s is %q", name, v)
			}
		}
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("image/*;q=0.5, image/webp")
	f.Add(`text/html;x="`)
	f.Fuzz(func(t *testing.T, accept string) {
		offers := []string{"image/jpeg", jsonType}
		if at := preferred(accept, offers); at < -1 || at >= len(offers) {
			t.Errorf("%q prefers %d", accept, at)
		}
	})
}

// Whatever a request's headers and body say, it is a photo or a problem.
func FuzzUpload(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", "attachment; filename=\"a.jpg\"", "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../a\"\r\n\r\npixels\r\n--x--\r\n")
	f.Add("image/jpeg", "", "pixels")
	f.Add("multipart/form-data; boundary=", "inline; filename*=UTF-8''%00%0d", "--")
	f.Fuzz(func(t *testing.T, kind, disposition, body string) {
		r := httptest.NewRequest(http.MethodPost, "/v1/process", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Content-Disposition", disposition)
		got, _, err := Upload(httptest.NewRecorder(), r)
		if (got == nil) == (err == nil) {
			t.Errorf("got %v, %v", got, err)
		}
		if err != nil {
			if p := ProblemOf(err); p.Status < 400 || p.Status >= 500 {
				t.Errorf("the problem is %+v", p)
			}
		}
	})
}
