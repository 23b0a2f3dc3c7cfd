package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
)

func TestQuery(t *testing.T) {
	r := history.Record{
		Key:      history.Key{Path: "/photos/2024/Krako\u0301w/sea.jpg"},
		Root:     "/photos",
		Stat:     history.Stat{Size: 5_000_000},
		State:    history.Done,
		Pipeline: "web",
		Finished: time.Date(2026, 5, 31, 12, 0, 0, 0, time.Local),
		Notes:    map[string]string{"model": "lite 1.2", "device": "cpu"},
	}
	for text, want := range map[string]bool{
		`pipeline == "web"`:                           true,
		`pipeline != "web"`:                           false,
		`model == "lite" and model_version == "1.2"`:  true,
		`model == "base"`:                             false,
		`glob(path, "*.jpg")`:                         true,
		`glob(path, "2024/*/sea.*")`:                  true,
		`glob(path, "/*.jpg")`:                        false,
		`glob(path, "1/2/3/4/5/6/7.jpg")`:             false,
		"folder == \"2024/Krak\u00f3w\"":              true,
		`file endsWith ".jpg" and size > 1000000`:     true,
		`finished < "2026-06-01"`:                     true,
		`finished >= "2026-05-31T12:00:00"`:           true,
		`finished < "2026-05-31"`:                     false,
		`age > 0 or age <= 0`:                         true,
		`state == "done" and failure == ""`:           true,
		`notes["device"] == "cpu" and notes.x == nil`: false,
		`notes["device"] startsWith "cuda"`:           false,
		`model_version < "1.10" and model < "1.10"`:   true,
		`model_version < "1.2" or model < "1.2"`:      false,
		`model <= "1.2.0" && "1.3" > model`:           true,
		`model >= "1.2" and not (model > "1.2")`:      true,
		`model < "1.2-1" and model > "1.1-9"`:         true,
		`model > "1.2-rc1" and model < "1.3-rc1"`:     true,
	} {
		q, err := history.ParseQuery(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := q.Matches(r); got != want || err != nil {
			t.Errorf("%s: %t, %v, want %t", text, got, err, want)
		}
	}
}

// A photo that no network ran on is of no version.
func TestNoModelIsOfNoVersion(t *testing.T) {
	for _, text := range []string{`model < "9"`, `model >= "0"`, `model_version < "9"`} {
		q, err := history.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		if matches, err := q.Matches(history.Record{Key: history.Key{Path: "/a.jpg"}}); matches || err != nil {
			t.Errorf("%s: %t, %v", text, matches, err)
		}
	}
}

func TestQueryFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "unexpected token EOF",
		"pipeline":                "must be true or false, got string",
		`modle == "lite"`:         `column 1: unknown variable "modle"; did you mean "model"?`,
		`glob(path, "[")`:         `column 12: the pattern "[" is malformed`,
		"glob(path, file)":        "glob() takes a path and a pattern in quotes",
		"finished < 3":            "invalid operation",
		"model < 0.3":             `column 9: a version is compared with a text in quotes, such as model < "0.3"`,
		"pipeline=web":            `write: pipeline == "web"`,
		"model!=lite 1.2":         `write: model != "lite 1.2"`,
		"path=a/*.jpg and model=": "unexpected token",
		"path=a/*.jpg and before=2026-06-01 and after=2026-01-01": `write: glob(path, "a/*.jpg") and finished < "2026-06-01" and finished >= "2026-01-01"`,
	} {
		if _, err := history.ParseQuery(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, text := range []string{`model == "lite" and finished < "2026-06-01"`, `glob(path, "*.jpg")`, "pipeline=a and path=[", " and "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := history.ParseQuery(text); err != nil && err.Error() == "" {
			t.Errorf("%q is refused without a word", text)
		}
	})
}
