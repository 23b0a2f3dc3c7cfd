package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed text
var translations embed.FS

// catalogue are all texts that people read, by language and key. text/en is
// complete; a language is added by a folder of its name.
type catalogue struct {
	tags    []language.Tag // English first
	matcher language.Matcher
	texts   map[language.Tag]map[string]string
}

// texts are those of one language.
type texts struct {
	tag     language.Tag
	own     map[string]string
	english map[string]string // what own lacks
	printer *message.Printer
}

func loadCatalogue() (catalogue, error) {
	c := catalogue{texts: map[language.Tag]map[string]string{}}
	files, err := fs.Glob(translations, "text/*/*.json")
	if err != nil {
		return c, err
	}
	for _, name := range files {
		tag, err := language.Parse(path.Base(path.Dir(name)))
		if err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		data, err := translations.ReadFile(name)
		if err != nil {
			return c, err
		}
		if c.texts[tag] == nil {
			c.texts[tag] = map[string]string{}
			c.tags = append(c.tags, tag)
		}
		var some map[string]string
		if err := json.Unmarshal(data, &some); err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
		for key, text := range some {
			if _, twice := c.texts[tag][key]; twice {
				return c, fmt.Errorf("%s: %s is there twice", name, key)
			}
			c.texts[tag][key] = text
		}
	}
	if c.texts[language.English] == nil {
		return c, errors.New("there are no English texts")
	}
	slices.SortStableFunc(c.tags, func(a, b language.Tag) int {
		return rank(a) - rank(b)
	})
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

func rank(t language.Tag) int {
	if t == language.English {
		return 0
	}
	return 1
}

// choose is the language that a browser wants most of those that there are.
func (c catalogue) choose(accepted string) language.Tag {
	wanted, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return c.tags[0]
	}
	_, index, _ := c.matcher.Match(wanted...)
	return c.tags[index]
}

func (c catalogue) in(tag language.Tag) texts {
	return texts{tag, c.texts[tag], c.texts[language.English], message.NewPrinter(tag)}
}

// get is a text, "" where there is none.
func (t texts) get(key string) string {
	if text, ok := t.own[key]; ok {
		return text
	}
	return t.english[key]
}

// say is the text of a key with its verbs filled in, as of package fmt. Numbers
// are written as the language does. A key without a text is itself.
func (t texts) say(key string, args ...any) string {
	text := t.get(key)
	if text == "" {
		text = key
	}
	if len(args) == 0 {
		return text
	}
	return t.printer.Sprintf(text, args...)
}

// count is the text of a key for a number: KEY.one, KEY.other, and what other
// forms the language has. The number is the first argument.
func (t texts) count(key string, n int, args ...any) string {
	form := [...]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}[plural.Cardinal.MatchPlural(t.tag, n, 0, 0, 0, 0)]
	if t.get(key+"."+form) == "" {
		form = "other"
	}
	return t.say(key+"."+form, append([]any{n}, args...)...)
}

// has reports whether there is a text.
func (t texts) has(key string) bool { return t.get(key) != "" }

// functions are those of templates that depend on the language.
func (t texts) functions() template.FuncMap {
	return template.FuncMap{
		"t": t.say, "n": t.count, "has": t.has,
		"number": t.number, "bytes": t.bytes, "duration": t.duration, "ago": t.ago, "percent": t.percent, "at": t.at,
	}
}
