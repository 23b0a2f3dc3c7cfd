package history

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/expression"
	"golang.org/x/text/unicode/norm"
)

// Query chooses among records by an expression, in the language of `when:`,
// over the fields that [Fields] has. The zero value chooses all.
type Query struct {
	expression *expression.Expression[Fields]
	changed    func(Record) bool // whether its pipeline was changed since; nil: nobody knows of any
}

// Fields are what an expression may ask of a record.
type Fields struct {
	Pipeline     string            `expr:"pipeline"`                              // its name
	Model        string            `expr:"model" version:"model_version"`         // that ran, without its version; "" where none did
	ModelVersion string            `expr:"model_version" version:"model_version"` // of it
	Path         string            `expr:"path"`                                  // of the photo, absolute
	Folder       string            `expr:"folder"`                                // below the watched one; "." at its root
	File         string            `expr:"file"`                                  // the photo's name
	Size         int64             `expr:"size"`                                  // of the photo, in bytes
	State        string            `expr:"state"`                                 // as of [State]
	Failure      string            `expr:"failure"`                               // kind of it; "" where there is none
	Finished     string            `expr:"finished"`                              // local time, as 2006-01-02T15:04:05
	Age          float64           `expr:"age"`                                   // days since then
	Damage       float64           `expr:"damage"`                                // measured; 0 where it was not
	Camera       string            `expr:"camera"`                                // maker and model
	Changed      bool              `expr:"changed"`                               // the pipeline was changed since, so that outputs would be others
	Notes        map[string]string `expr:"notes"`                                 // what the operators said

	// Glob compares a path's last elements, or all of it, with a pattern: * ? and [a-z].
	Glob func(name, pattern string) bool `expr:"glob"`
}

// ParseQuery reads an expression that is true or false.
func ParseQuery(text string) (Query, error) {
	x, err := expression.Compile[Fields](text, expression.Function{
		Name: "glob", Usage: `glob() takes a path and a pattern in quotes: glob(path, "holiday/*.jpg")`, Argument: 1,
		Check: func(pattern string) error {
			if _, err := path.Match(pattern, ""); err != nil {
				return fmt.Errorf("the pattern %q is malformed", pattern)
			}
			return nil
		},
	})
	if err == nil {
		return Query{expression: x}, nil
	}
	if now := fromConditions(text); now != "" {
		return Query{}, fmt.Errorf("condition %q: conditions are expressions now, as of when; write: %s", text, now)
	}
	var at *expression.Error
	if errors.As(err, &at) {
		err = fmt.Errorf("column %d: %w", at.Column, err)
	}
	return Query{}, fmt.Errorf("condition %q: %w", text, err)
}

// Matches reports whether the record is one of those that are asked for.
func (q Query) Matches(r Record) (bool, error) {
	model, version, _ := strings.Cut(r.Notes["model"], " ")
	folder := filepath.Dir(r.Path)
	if rel, err := filepath.Rel(r.Root, folder); r.Root != "" && err == nil {
		folder = rel
	}
	if q.expression == nil {
		return true, nil
	}
	f := Fields{
		Pipeline: r.Pipeline, Model: model, ModelVersion: version,
		Path: norm.NFC.String(r.Path), Folder: norm.NFC.String(folder), File: norm.NFC.String(filepath.Base(r.Path)),
		Size: r.Stat.Size, State: string(r.State), Failure: r.ErrorClass,
		Finished: r.Finished.Local().Format("2006-01-02T15:04:05"), Age: time.Since(r.Finished).Hours() / 24,
		Notes: r.Notes, Glob: glob, Changed: q.changed != nil && q.changed(r),
	}
	if r.Stats.Damage != nil {
		f.Damage = *r.Stats.Damage
	}
	if r.Photo != nil {
		f.Camera = r.Photo.Camera
	}
	return q.expression.Holds(f)
}

// glob compares a pattern with as many of the last elements of a path as it has
// itself, or with all of it where the pattern is absolute.
func glob(name, pattern string) bool {
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

var oldCondition = regexp.MustCompile(`^\s*(pipeline|model|path|before|after)\s*(!?)=\s*([^=\s].*?)\s*$`)

// fromConditions is the expression for FIELD=VALUE, several joined by "and",
// which is how conditions were written once; "" where the text is none.
func fromConditions(text string) string {
	var all []string
	for part := range strings.SplitSeq(text, " and ") {
		m := oldCondition.FindStringSubmatch(part)
		if m == nil {
			return ""
		}
		field, not, value := m[1], m[2] != "", m[3]
		switch {
		case field == "path" && not:
			all = append(all, fmt.Sprintf("not glob(path, %q)", value))
		case field == "path":
			all = append(all, fmt.Sprintf("glob(path, %q)", value))
		case field == "before":
			all = append(all, fmt.Sprintf("finished < %q", value))
		case field == "after":
			all = append(all, fmt.Sprintf("finished >= %q", value))
		case not:
			all = append(all, fmt.Sprintf("%s != %q", field, value))
		default:
			all = append(all, fmt.Sprintf("%s == %q", field, value))
		}
	}
	return strings.Join(all, " and ")
}
