package naming

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var facts = Facts{Dir: "2024/sea", Name: "IMG 1.final.JPG", Hash: "abc123", Pipeline: "photos", Date: time.Date(2019, 7, 3, 12, 0, 0, 0, time.UTC)}

func TestTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"{dir}/{stem}.restored.jpg": "2024/sea/IMG 1.final.restored.jpg",
		"{dir}/thumbs/{stem}.{ext}": "2024/sea/thumbs/IMG 1.final.JPG",
		"{date:2006/01}/{hash}.png": "2019/07/abc123.png",
		"{pipeline}/./{stem}.webp":  "photos/IMG 1.final.webp",
		"{{x}.png":                  "{x}.png",
		"{dir}/../{stem}.png":       "2024/IMG 1.final.png",
		"plain.tif":                 "plain.tif",
	} {
		parsed, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := parsed.Path(facts); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestTemplateFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                "names no file",
		"{dir}/":          "names no file",
		"/abs/{stem}.jpg": "absolute",
		"{stme}.jpg":      `did you mean "stem"?`,
		"{date:}.jpg":     "must have a layout",
		"{stem.jpg":       "closing brace",
	} {
		if _, err := ParseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestTemplateStaysInside(t *testing.T) {
	for _, text := range []string{"../{stem}.jpg", "{dir}/../../../x.jpg", "{dir}/../.."} {
		parsed, err := ParseTemplate(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parsed.Path(facts); err == nil {
			t.Errorf("%s: %q leaves the output folder and was allowed", text, got)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("{dir}/{stem}.jpg", "a/b", "c.jpg")
	f.Add("../{stem}", "..", "..")
	f.Add("{dir}{stem}", ".", "../x")
	f.Fuzz(func(t *testing.T, text, dir, name string) {
		parsed, err := ParseTemplate(text)
		if err != nil {
			return
		}
		got, err := parsed.Path(Facts{Dir: dir, Name: name, Date: facts.Date})
		if err == nil && (!filepath.IsLocal(got) || got == "." || strings.ContainsRune(got, 0)) {
			t.Errorf("%q with %q, %q: %q leaves the output folder", text, dir, name, got)
		}
	})
}
