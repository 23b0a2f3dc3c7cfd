package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// misplaced is a fault for every key that belongs to another place of the file,
// by its name of today or its former one. Such a key is removed from root.
func misplaced(root *yaml.Node) (faults diag.Diagnostics) {
	valid := map[string][]string{} // by the path of the mapping
	levels(reflect.TypeFor[Config](), "", valid)
	home := map[string][]string{}
	for level, keys := range valid {
		if strings.HasPrefix(level, "operators.") { // keys that name anything, such as command and help
			continue
		}
		for _, key := range keys {
			home[key] = append(home[key], shown(level, key))
		}
	}
	for _, r := range renamed {
		if path, was := splitLast(r.was); !strings.Contains(path, "steps") {
			home[was] = append(home[was], shown(path, r.now))
		}
	}
	for level, keys := range valid {
		for _, mapping := range matching(root, strings.Split(level, ".")) {
			var kept []*yaml.Node
			for i := 0; i+1 < len(mapping.Content); i += 2 {
				key := diag.Resolve(mapping.Content[i])
				if all := home[key.Value]; len(all) > 0 && !slices.Contains(keys, key.Value) && diag.Nearest(key.Value, keys) == "" {
					slices.Sort(all)
					faults = append(faults, diag.At(key, "unknown key %q here: it is %s", key.Value, diag.Alternatives(all)))
					continue
				}
				kept = append(kept, mapping.Content[i], mapping.Content[i+1])
			}
			mapping.Content = kept
		}
	}
	return faults
}

// levels adds the keys of every mapping that is decoded into t or below it, by
// the mapping's path; * is any entry of a list or a mapping.
func levels(t reflect.Type, path string, valid map[string][]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			levels(f.Type, path, valid)
			continue
		case name == "" || name == "-":
			continue
		}
		valid[path] = append(valid[path], name)
		inner, below := f.Type, strings.TrimPrefix(path+"."+name, ".")
		if k := inner.Kind(); k == reflect.Slice || k == reflect.Map {
			inner, below = inner.Elem(), below+".*"
		}
		if inner.Kind() == reflect.Struct && !reflect.PointerTo(inner).Implements(reflect.TypeFor[diag.Decoder]()) {
			levels(inner, below, valid)
		}
	}
}

// shown is the key at a path as the reference names it.
func shown(path, key string) string {
	if path == "" {
		return key + " at the top level"
	}
	path = strings.NewReplacer("pipelines.*", "pipelines.NAME", "fragments.*", "fragments.NAME", ".*", "").Replace(path)
	return path + "." + key
}

func splitLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}
