package plugin

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/history"
	"golang.org/x/text/unicode/norm"
)

// Where chooses among what was done. Its text is conditions joined by "and":
//
//	pipeline=NAME   the pipeline's name
//	model=NAME      the model that ran, "lite" or with its version "lite 1.2"
//	path=GLOB       the photo's path, or its last elements, with * ? and [a-z]
//	before=DATE     finished before 2006-01-02 or 2006-01-02T15:04:05Z07:00
//	after=DATE      finished at that time or later
//
// != in place of = turns pipeline, model and path around.
type Where struct{ conditions []condition }

type condition func(history.Record) bool

var whereFields = []string{"pipeline", "model", "path", "before", "after"}

// ParseWhere reads conditions. There has to be one.
func ParseWhere(text string) (Where, error) {
	var w Where
	for _, part := range strings.Split(text, " and ") {
		c, err := parseCondition(strings.TrimSpace(part))
		if err != nil {
			return Where{}, fmt.Errorf("condition %q: %w", part, err)
		}
		w.conditions = append(w.conditions, c)
	}
	return w, nil
}

func parseCondition(text string) (condition, error) {
	field, value, ok := strings.Cut(text, "=")
	if !ok || value == "" {
		return nil, fmt.Errorf("must be FIELD=VALUE with one of the fields %s", strings.Join(whereFields, ", "))
	}
	field, not := strings.CutSuffix(field, "!")
	var is condition
	switch field = strings.TrimSpace(field); field {
	case "pipeline":
		is = func(e history.Record) bool { return e.Pipeline == value }
	case "model":
		is = func(e history.Record) bool {
			name, _, _ := strings.Cut(e.Notes["model"], " ")
			return name == value || e.Notes["model"] == value
		}
	case "path":
		if _, err := path.Match(value, ""); err != nil {
			return nil, fmt.Errorf("the pattern is malformed: %w", err)
		}
		is = func(e history.Record) bool { return matchesEnd(norm.NFC.String(value), norm.NFC.String(e.Path)) }
	case "before", "after":
		when, err := parseDate(value)
		if err != nil {
			return nil, err
		}
		if not {
			return nil, fmt.Errorf("say before or after; != does not go with dates")
		}
		return func(e history.Record) bool { return e.Finished.Before(when) == (field == "before") }, nil
	default:
		return nil, fmt.Errorf("there is no field %q%s", field, diag.Suggest(field, whereFields))
	}
	return func(e history.Record) bool { return is(e) != not }, nil
}

// matchesEnd compares a pattern with as many of the last elements of a path as
// it has itself, or with all of it.
func matchesEnd(pattern, name string) bool {
	if !filepath.IsAbs(pattern) {
		elements := strings.Split(name, "/")
		n := strings.Count(pattern, "/") + 1
		if n > len(elements) {
			return false
		}
		name = strings.Join(elements[len(elements)-n:], "/")
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date such as 2026-01-31 or 2026-01-31T12:00:00Z", text)
}

func (w Where) matches(e history.Record) bool {
	for _, c := range w.conditions {
		if !c(e) {
			return false
		}
	}
	return len(w.conditions) > 0
}
