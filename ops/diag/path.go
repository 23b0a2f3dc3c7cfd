package diag

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// variable is what a shell takes for a variable.
var variable = regexp.MustCompile(`\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)`)

// ExpandPath is a path with a leading ~/ replaced by the home folder of the user
// that runs Burnish. What else a shell would expand, another user's home or a
// variable, is an error, since a folder of that very name is hardly meant: unless
// there is one.
func ExpandPath(path string) (string, error) {
	if err := PlainPath(path); err == nil {
		return path, nil
	} else if _, missing := os.Lstat(path); missing == nil && filepath.IsAbs(path) {
		return path, nil
	} else if name := variable.FindString(path); name != "" {
		return path, errVariable(name)
	} else if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, err
	}
	home := os.Getenv("HOME")
	if !filepath.IsAbs(home) {
		return path, fmt.Errorf("~ stands for the home folder, and HOME is not set (%q): write the whole path", path)
	}
	return filepath.Join(home, strings.TrimPrefix(path[1:], "/")), nil
}

// PlainPath refuses a path that a shell would expand.
func PlainPath(path string) error {
	if strings.HasPrefix(path, "~") {
		first, _, _ := strings.Cut(path, "/")
		if first == "~" {
			return errors.New("~ stands for the home folder at the beginning of a whole path only; write the path without it")
		}
		return fmt.Errorf("%q would be the home folder of the user %s, which is not looked up: write the whole path, or ./%s for a folder of that name", first, first[1:], path)
	}
	if name := variable.FindString(path); name != "" {
		return errVariable(name)
	}
	return nil
}

func errVariable(name string) error {
	return fmt.Errorf("%s is a variable to a shell, which a configuration does not expand: write the whole path", name)
}

// decodePath expands a path, or each of a list, in node as well, so that
// whoever looks at the file later sees the same.
func decodePath(node *yaml.Node, v reflect.Value) Diagnostics {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	var faults Diagnostics
	for _, n := range nodes {
		n = Resolve(n)
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			continue
		}
		path, err := ExpandPath(n.Value)
		if err != nil {
			faults = append(faults, At(n, "%v", err))
			continue
		}
		if path != n.Value {
			n.Value, n.Tag = path, "!!str"
		}
	}
	return append(faults, decode(node, v)...)
}

// Paths are the values, but empty ones, of the fields of a struct that have the
// tag kind:"path"; of structs in it, too.
func Paths(v any) []string { return paths(reflect.ValueOf(v)) }

func paths(v reflect.Value) (all []string) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		switch {
		case field.Tag.Get("kind") != "path":
			all = append(all, paths(value)...)
		case value.Kind() == reflect.String && value.String() != "":
			all = append(all, value.String())
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.String:
			for j := range value.Len() {
				all = append(all, value.Index(j).String())
			}
		}
	}
	return all
}
