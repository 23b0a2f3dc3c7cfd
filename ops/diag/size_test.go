package diag

import (
	"regexp"
	"strings"
	"testing"
)

type sizes struct {
	Memory Size `yaml:"memory"`
}

func TestSizes(t *testing.T) {
	pattern := regexp.MustCompile(sizePattern)
	for text, want := range map[string]struct {
		bytes Size
		text  string
	}{
		"0":             {0, "0B"},
		"300":           {300, "300B"},
		"2_000_000_000": {2e9, "2GB"},
		"2GiB":          {2 << 30, "2GiB"},
		"2 GiB":         {2 << 30, "2GiB"},
		"2gib":          {2 << 30, "2GiB"},
		"1048576B":      {1 << 20, "1MiB"},
		"64MB":          {64e6, "64MB"},
		"64 kB":         {64_000, "64kB"},
		"64KB":          {64_000, "64kB"},
		"1.5KiB":        {1536, "1536B"},
		"1.2345678GB":   {1_234_567_800, "1.2GB"},
		"1TB":           {1e12, "1TB"},
	} {
		var got sizes
		node, err := Parse("f", []byte("memory: "+text))
		if err != nil {
			t.Fatal(err)
		}
		if faults := Decode(node, &got); len(faults) > 0 || got.Memory != want.bytes || got.Memory.String() != want.text {
			t.Errorf("%s: %d %s, %v; want %d %s", text, got.Memory, got.Memory, faults, want.bytes, want.text)
		}
		if v := node.Content[1]; v.Tag == "!!str" && !pattern.MatchString(v.Value) {
			t.Errorf("the pattern for editors refuses %q", v.Value)
		}
	}
	for text, want := range map[string]string{
		"2G":         `must be a size such as 2GB, got "2G"; did you mean 2GB?`,
		"2Gi":        `did you mean 2GiB?`,
		"2 sheep":    "must be a size such as 2GB, got \"2 sheep\"; units are B, kB, KiB, MB",
		"plenty":     `must be a size such as 2GB, got "plenty"`,
		"GB":         `must be a size such as 2GB, got "GB"`,
		"-2GB":       `must be a size such as 2GB, got "-2GB"`,
		"-5":         `must be a size such as 2GB, got "-5"`,
		"1.5":        `must be a size such as 2GB, got "1.5"`,
		"[2GB]":      "must be a size such as 2GB, got a list",
		".inf":       `must be a size such as 2GB, got ".inf"`,
		"1e300TB":    `must be a size such as 2GB, got "1e300TB"`,
		"99999999TB": `must be a size such as 2GB, got "99999999TB"`,
	} {
		var got sizes
		node, err := Parse("f", []byte("memory: "+text))
		if err != nil {
			t.Fatal(err)
		}
		faults := Decode(node, &got)
		if len(faults) != 1 || !strings.Contains(faults[0].Message, want) || faults[0].Line != 1 || faults[0].Column != 9 {
			t.Errorf("%s: %v, want %q", text, faults, want)
		}
	}
}
