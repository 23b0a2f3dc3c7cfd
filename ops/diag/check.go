package diag

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Validator is a value that can check itself, beyond what its tags say. Several
// errors are joined with [errors.Join]; those that are a [FieldError] are shown
// at their field.
type Validator interface{ Validate() error }

// Check reports every value below v, a struct or a pointer to one, that breaks
// the tags of its field, and then what the structs that are a [Validator] find
// in themselves. The errors are joined, and each that concerns a field is a
// [FieldError] with the whole path to it. The tags are
//
//	enum:"a,b"      the value, or each of a list, is one of these; an empty
//	                member ("a,b,") permits the empty string
//	range:"1,10"    a number within these bounds: see [ParseRange]
//
// beside `yaml`, which names the field as for [Decode].
func Check(v any) error {
	var c checker
	c.value("", reflect.ValueOf(v))
	return errors.Join(c.errs...)
}

type checker struct{ errs []error }

func (c *checker) value(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Interface || v.Elem().Kind() != reflect.Struct {
			c.value(path, v.Elem())
			return
		}
		c.structure(path, v.Elem())
		c.validate(path, v)
	case reflect.Struct:
		c.structure(path, v)
		if v.CanAddr() {
			v = v.Addr()
		}
		c.validate(path, v)
	case reflect.Slice:
		for i := range v.Len() {
			c.value(join(path, strconv.Itoa(i)), v.Index(i))
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			c.value(join(path, k.String()), v.MapIndex(k))
		}
	}
}

// structure checks the fields of a struct that have a key.
func (c *checker) structure(path string, v reflect.Value) {
	if v.Type() == nodeType {
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			c.structure(path, v.Field(i))
		case name == "" || name == "-" || !f.IsExported():
		default:
			at := join(path, name)
			c.tags(at, f.Tag, v.Field(i))
			c.value(at, v.Field(i))
		}
	}
}

func (c *checker) tags(path string, tag reflect.StructTag, v reflect.Value) {
	enum, bounds := tag.Get("enum"), tag.Get("range")
	if enum == "" && bounds == "" {
		return
	}
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			c.tags(join(path, strconv.Itoa(i)), tag, v.Index(i))
		}
		return
	}
	if enum != "" {
		if err := oneOf(v, strings.Split(enum, ",")); err != nil {
			c.fail(path, err)
		}
	}
	if bounds != "" {
		if err := rangeOf(bounds, v.Type()).checkValue(v); err != nil {
			c.fail(path, err)
		}
	}
}

func (c *checker) fail(path string, err error) {
	f := &FieldError{Field: path, Message: err.Error()}
	if h := (*hinted)(nil); errors.As(err, &h) {
		f.Hint = h.hint
	}
	c.errs = append(c.errs, f)
}

// validate asks v to check itself; its errors get the path to v.
func (c *checker) validate(path string, v reflect.Value) {
	if !v.CanInterface() {
		return
	}
	if own, ok := v.Interface().(Validator); ok {
		c.errs = append(c.errs, Below(path, own.Validate()))
	}
}

// Below is err with path before the fields that it speaks of; what it says of
// the whole becomes an error of the field at path.
func Below(path string, err error) error {
	if err == nil || path == "" {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range joined.Unwrap() {
			errs = append(errs, Below(path, e))
		}
		return errors.Join(errs...)
	}
	var faults Diagnostics
	if errors.As(err, &faults) { // they have their places
		return err
	}
	var field *FieldError
	if errors.As(err, &field) {
		below := *field
		below.Field = join(path, field.Field)
		return &below
	}
	return &FieldError{Field: path, Message: err.Error()}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func oneOf(v reflect.Value, valid []string) error {
	if v.Kind() == reflect.String {
		return OneOf(v.String(), valid)
	}
	if slices.Contains(valid, fmt.Sprint(v.Interface())) {
		return nil
	}
	return fmt.Errorf("must be %s, got %v", Alternatives(valid), v.Interface())
}

// OneOf refuses a string that is none of the valid ones. An empty one among them
// is permitted but not named in the message.
func OneOf(text string, valid []string) error {
	if slices.Contains(valid, text) {
		return nil
	}
	valid = slices.DeleteFunc(slices.Clone(valid), func(v string) bool { return v == "" })
	near := Nearest(text, valid)
	if near != "" {
		near = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("must be %s, got %q%s", Alternatives(valid), text, near)
}

// Alternatives lists words: a, b or c.
func Alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
