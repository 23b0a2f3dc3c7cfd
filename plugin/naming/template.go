// Package naming says what an output is called: the template that names it by
// facts of its photo, and the numbers that tell outputs of one name apart.
//
// It looks names up and writes nothing; it knows no formats and no pixels.
package naming

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

// Facts are what a template may name of a photo.
type Facts struct {
	Dir      string    // folder below the watched one, "." at its root
	Name     string    // file name with its extension
	Hash     string    // SHA-256 of the content, hexadecimal
	Pipeline string    //
	Date     time.Time // when the photo was taken, else the file's modification time

	// Ext is the extension without its dot; "": that of Name.
	Ext string

	// Page is the page that the output shows, from 1, of so many.
	Page, Pages int
}

// Template is an output's path with fields in braces, relative to the output
// folder: {dir}, {stem}, {ext}, {hash}, {pipeline}, {page} and {date:LAYOUT}, where
// LAYOUT is a Go time layout such as 2006/01. "{{" stands for a brace.
type Template struct {
	text  string
	parts []part
}

type part struct {
	literal string
	field   string             // its name, where it is none
	value   func(Facts) string // nil for a literal
}

var fields = map[string]func(Facts) string{
	"dir":      func(f Facts) string { return f.Dir },
	"stem":     func(f Facts) string { return strings.TrimSuffix(f.Name, filepath.Ext(f.Name)) },
	"ext":      Facts.extension,
	"hash":     func(f Facts) string { return f.Hash },
	"pipeline": func(f Facts) string { return f.Pipeline },
	"page":     Facts.page,
}

// page has as many digits as the last, so that names sort.
func (f Facts) page() string {
	return fmt.Sprintf("%0*d", len(strconv.Itoa(f.Pages)), max(1, f.Page))
}

func (f Facts) extension() string {
	if f.Ext != "" {
		return f.Ext
	}
	return strings.TrimPrefix(filepath.Ext(f.Name), ".")
}

// ParseTemplate reads a template; its error names the first fault.
func ParseTemplate(text string) (Template, error) {
	t := Template{text: text}
	if text == "" || strings.HasSuffix(text, "/") {
		return t, fmt.Errorf("the path %q names no file", text)
	}
	if filepath.IsAbs(text) {
		return t, fmt.Errorf("the path %q is absolute; it is taken below the output folder, so begin it with {dir}/ or a name", text)
	}
	if err := diag.PlainPath(strings.ReplaceAll(text, "${", "{")); err != nil {
		return t, fmt.Errorf("the path %q is taken below the output folder: %w", text, err)
	}
	for rest := text; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			t.parts = append(t.parts, part{literal: rest})
			break
		}
		t.parts = append(t.parts, part{literal: rest[:open]})
		rest = rest[open+1:]
		if strings.HasPrefix(rest, "{") {
			t.parts, rest = append(t.parts, part{literal: "{"}), rest[1:]
			continue
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return t, fmt.Errorf("the path %q lacks a closing brace", text)
		}
		value, err := field(name)
		if err != nil {
			return t, err
		}
		t.parts, rest = append(t.parts, part{field: name, value: value}), after
	}
	return t, nil
}

func field(name string) (func(Facts) string, error) {
	if layout, ok := strings.CutPrefix(name, "date:"); ok {
		if layout == "" {
			return nil, errors.New("{date:} must have a layout, such as {date:2006/01}")
		}
		return func(f Facts) string { return f.Date.Format(layout) }, nil
	}
	if value, ok := fields[name]; ok {
		return value, nil
	}
	valid := []string{"dir", "stem", "ext", "hash", "pipeline", "page", "date:2006/01"}
	return nil, fmt.Errorf("unknown field {%s}%s", name, diag.Suggest(name, valid))
}

// Has reports whether the path has that field.
func (t Template) Has(field string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.field == field })
}

// Dated reports whether the path has a {date:…}.
func (t Template) Dated() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return strings.HasPrefix(p.field, "date:") })
}

// String is the template as written.
func (t Template) String() string { return t.text }

// Path fills the template in. The result is relative and clean; a path that
// leaves the output folder is refused.
func (t Template) Path(f Facts) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.value != nil {
			b.WriteString(p.value(f))
		} else {
			b.WriteString(p.literal)
		}
	}
	clean := filepath.Clean(b.String())
	if !filepath.IsLocal(clean) || clean == "." || strings.ContainsRune(clean, 0) {
		return "", fmt.Errorf("the path %q, from %q, leaves the output folder; change the output's path", b.String(), t.text)
	}
	return clean, nil
}
