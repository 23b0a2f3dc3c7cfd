package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
)

// listedKeys are the lists and maps whose items have documented keys of their own.
var listedKeys = []string{"watch", "pipelines", "fragments", "notify.webhooks", "operators", "operators.NAME.parameters"}

// keysOf adds the dotted keys of t below prefix.
func keysOf(t reflect.Type, prefix string, keys *[]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		inner := field.Type
		switch {
		case options == "inline":
			keysOf(inner, prefix, keys)
			continue
		case name == "" || name == "-":
			continue
		}
		key := prefix + name
		*keys = append(*keys, key)
		if slices.Contains(listedKeys, key) {
			if inner.Kind() == reflect.Map {
				key += ".NAME"
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keysOf(inner, key+".", keys)
		}
	}
}

// The tables of README.md name every key of a configuration, and no other.
func TestReferenceNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_.A-Z]+)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, row[1])
	}
	keysOf(reflect.TypeFor[config.Config](), "", &want)
	for _, key := range want {
		if !slices.Contains(documented, key) {
			t.Errorf("config/README.md does not document %s", key)
		}
	}
	for _, key := range documented {
		if !slices.Contains(want, key) {
			t.Errorf("config/README.md documents %s, which is not a key", key)
		}
	}
}

// Every whole configuration in the reference passes check; parts of one are
// completed first.
func TestReferenceExamplesAreSound(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	const outputs = "outputs: [{path: \"{stem}.png\"}]"
	for _, page := range append(pages, "README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			yaml, indent := block[1], func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }
			switch {
			case strings.HasPrefix(yaml, "config:"): // a file of tests
				continue
			case strings.HasPrefix(yaml, "steps:"):
				yaml = "pipelines:\n  photos:\n" + indent(yaml) + "\n    " + outputs + "\n"
			case strings.HasPrefix(yaml, "outputs:"):
				yaml = "pipelines:\n  photos:\n" + indent(yaml) + "\n"
			case strings.HasPrefix(yaml, "fragments:"):
				yaml += "    " + outputs + "\n"
			case !strings.Contains(yaml, "pipelines:"):
				yaml += "pipelines: {photos: {" + outputs + "}}\n"
			}
			if !strings.HasPrefix(yaml, "version:") {
				yaml = "version: 1\n" + yaml
			}
			folder := t.TempDir()
			if err := os.Mkdir(filepath.Join(folder, "ingest"), 0o755); err != nil {
				t.Fatal(err)
			}
			program, err := filepath.Abs("../packaging/examples/operators/soften.py")
			if err == nil {
				err = os.Symlink(program, filepath.Join(folder, "soften.py"))
			}
			if err != nil {
				t.Fatal(err)
			}
			_, faults := config.Parse("burnish.yaml", folder, []byte(yaml), reg)
			for _, fault := range faults {
				elsewhere := regexp.MustCompile("/opt/onnxruntime|/srv/models/|/usr/sbin/sendmail|/etc/burnish/webhook.secret") // which need not be on this machine
				if !elsewhere.MatchString(fault.Error()) {
					t.Errorf("%s: %v in\n%s", page, fault, yaml)
				}
			}
		}
	}
}
