package config_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/plugin/golden"
)

// unbounded are the numbers that may have any value, or are checked elsewhere.
var unbounded = []string{"version", "priority", "trash", "min", "max"}

var tagKey = regexp.MustCompile(`(\w+):"`)

// structsOf adds t and every struct below it that is decoded by its tags.
func structsOf(t reflect.Type, all map[reflect.Type]bool) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || all[t] || !strings.Contains(t.PkgPath(), "burnish") {
		return
	}
	all[t] = true
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("yaml") != "" {
			structsOf(f.Type, all)
		}
	}
}

// A misspelt key of a tag, or a range that cannot be read, would leave a value
// unchecked, and so would a number without a range.
func TestTagsOfEveryStruct(t *testing.T) {
	all := map[reflect.Type]bool{}
	structsOf(reflect.TypeFor[config.Config](), all)
	structsOf(reflect.TypeFor[golden.File](), all)
	for _, s := range builtin.Specs() {
		if s.Config != nil { // it is no family
			structsOf(reflect.TypeOf(s.Config()), all)
		}
	}
	structsOf(reflect.TypeOf(promptcir.Spec().Config()), all)
	if len(all) < 20 {
		t.Errorf("only %d structs are found", len(all))
	}
	for is := range all {
		for i := range is.NumField() {
			f := is.Field(i)
			if wrong := wrongTag(f); wrong != "" {
				t.Errorf("%s.%s: %s", is, f.Name, wrong)
			}
		}
		if wrong := readable(is); wrong != "" {
			t.Errorf("%s: %s", is, wrong)
		}
	}
}

// wrongTag says what is wrong with a field's tag.
func wrongTag(f reflect.StructField) string {
	if !f.IsExported() {
		return ""
	}
	for _, m := range tagKey.FindAllStringSubmatch(string(f.Tag), -1) {
		if _, ok := f.Tag.Lookup(m[1]); !ok || !slices.Contains([]string{"yaml", "help", "kind", "enum", "range"}, m[1]) {
			return fmt.Sprintf("the tag %q cannot be read", f.Tag)
		}
	}
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	of, bounds := f.Type, f.Tag.Get("range")
	if of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	number := slices.Contains([]reflect.Kind{reflect.Int, reflect.Int64, reflect.Float64}, of.Kind())
	switch {
	case name == "" || name == "-":
		if bounds != "" || f.Tag.Get("enum") != "" {
			return "it has a range or an enum, but no key"
		}
	case bounds != "" && !number:
		return "it has a range, but is no number"
	case number && bounds == "" && f.Tag.Get("enum") == "" && !slices.Contains(unbounded, name):
		return "it is a number without a range"
	}
	return ""
}

// readable says what is wrong with the tags of a struct, which Check reads.
func readable(is reflect.Type) (wrong string) {
	defer func() {
		if p := recover(); p != nil {
			wrong = fmt.Sprint(p)
		}
	}()
	_ = diag.Check(reflect.New(is).Interface()) // the values are of no interest
	return ""
}
