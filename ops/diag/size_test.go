package diag

import (
	"regexp"
	"strings"
	"testing"
)

type sizes struct {
	Memory float64 `yaml:"memory" size:"MiB"`
	Bytes  int64   `yaml:"bytes" size:"B"`
}

func TestSizes(t *testing.T) {
	pattern := regexp.MustCompile(SizePattern)
	for text, want := range map[string]sizes{
		"memory: 300":           {Memory: 300},
		"memory: 1.5":           {Memory: 1.5},
		"memory: 2GiB":          {Memory: 2048},
		"memory: 2 GiB":         {Memory: 2048},
		"memory: 2gib":          {Memory: 2048},
		"memory: 1048576B":      {Memory: 1},
		"memory: 2.097152MB":    {Memory: 2},
		"bytes: 2_000_000_000":  {Bytes: 2_000_000_000},
		"bytes: 64MB":           {Bytes: 64_000_000},
		"bytes: 64 kB":          {Bytes: 64_000},
		"bytes: 64KB":           {Bytes: 64_000},
		"bytes: 1.5KiB":         {Bytes: 1536},
		"bytes: 1TB":            {Bytes: 1e12},
		"{memory: 0, bytes: 0}": {},
	} {
		var got sizes
		node, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if faults := Decode(node, &got); len(faults) > 0 || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, faults, want)
		}
		if v := node.Content[1]; v.Tag == "!!str" && !pattern.MatchString(v.Value) {
			t.Errorf("the pattern for editors refuses %q", v.Value)
		}
	}
	for text, want := range map[string]string{
		"memory: 2G":        `did you mean GB?`,
		"memory: 2Gi":       `did you mean GiB?`,
		"memory: 2 sheep":   "must be a size in B, kB, MB",
		"memory: plenty":    "must be a size such as 64MB or 2GiB, or a number (of MiB)",
		"memory: GB":        "must be a size such as",
		"memory: -2GB":      "must be a size such as",
		"memory: [2GB]":     "must be a size such as",
		"memory: .inf":      "must be a number",
		"bytes: 1e300TB":    "must be a size such as",
		"bytes: 99999999TB": "must be a size such as",
	} {
		var got sizes
		node, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		faults := Decode(node, &got)
		if len(faults) != 1 || !strings.Contains(faults[0].Message, want) || faults[0].Line != 1 || faults[0].Column < 7 {
			t.Errorf("%s: %v, want %q", text, faults, want)
		}
	}
}
