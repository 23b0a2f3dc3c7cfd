package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// compiled is the schema as a validator, and as it is printed.
func compiled(t *testing.T) (*jsonschema.Schema, map[string]any) {
	t.Helper()
	text, err := json.Marshal(config.Schema(registry(t)))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("burnish.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("burnish.json")
	if err != nil {
		t.Fatal(err)
	}
	return s, document.(map[string]any)
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(document)
}

func TestWhatShipsFitsTheSchema(t *testing.T) {
	s, _ := compiled(t)
	files, err := filepath.Glob("../packaging/*/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "default.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) == "compose.yaml" || strings.Contains(file, "/monitoring/") { // of others
			continue
		}
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestTheSchemaRefuses(t *testing.T) {
	s, _ := compiled(t)
	const head = "version: 1\npipelines: {p: {outputs: [{path: a.png}], steps: "
	for _, sound := range []string{"[promptcir, {resize: {width: 3}, id: a, when: width > 3}, {gaussblur: {sigma: 2}}, {composite: {mode: over}, from: [a, source]}]", "[{resize: {scale: 0.5}}, {invert: }, {rotate: {degrees: 90}}, {flatten: {background: '#00ff00'}}]"} {
		if err := validate(t, s, []byte(head+sound+"}}")); err != nil {
			t.Errorf("%s: %v", sound, err)
		}
	}
	for _, wrong := range []string{
		"[{reszie: {width: 3}}]", "[{resize: {widht: 3}}]", "[{resize: {width: wide}}]", "[{resize: {width: 3, kernel: cubic}}]",
		"[{gaussblur: {sigma: 5000}}]", "[{gaussblur: {}}]", "[{flip: {direction: up}}]", "[{rotate: {degrees: 45}}]", "[{jpegload: {filename: x}}]", "[system]", "{resize: 3}",
	} {
		if err := validate(t, s, []byte(head+wrong+"}}")); err == nil {
			t.Errorf("%s passed", wrong)
		}
	}
	if validate(t, s, []byte("version: 1\npipelines: {}\nwacth: []")) == nil {
		t.Error("an unknown key passed")
	}
}

// Editors show descriptions: every key has one. A key of a struct gets it from
// the tag help.
func TestEveryKeyIsDescribed(t *testing.T) {
	_, root := compiled(t)
	defs := root["$defs"].(map[string]any)
	for _, missing := range append(undescribed("", root), undescribed("steps[]", defs["step"])...) {
		t.Errorf("%s has no description: give its field a tag help", missing)
	}
}

func undescribed(at string, node any) (missing []string) {
	switch is := node.(type) {
	case []any:
		for _, n := range is {
			missing = append(missing, undescribed(at, n)...)
		}
	case map[string]any:
		properties, _ := is["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			of := properties[name].(map[string]any)
			if of["description"] == nil {
				missing = append(missing, fmt.Sprint(at, ".", name))
			}
			missing = append(missing, undescribed(at+"."+name, of)...)
		}
		for _, inside := range []string{"items", "additionalProperties", "anyOf"} {
			missing = append(missing, undescribed(at+"."+inside, is[inside])...)
		}
	}
	return missing
}
