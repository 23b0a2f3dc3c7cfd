package diag

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Size is a number of bytes. In a file it is written with a unit, such as 300MB
// or 2GiB; a plain number counts bytes. It is never negative.
type Size int64

type unit struct {
	name  string
	bytes float64
}

// units are what sizes may be given in, the largest last.
var units = []unit{
	{"B", 1},
	{"kB", 1e3}, {"KiB", 1 << 10}, {"MB", 1e6}, {"MiB", 1 << 20},
	{"GB", 1e9}, {"GiB", 1 << 30}, {"TB", 1e12}, {"TiB", 1 << 40},
}

// sizePattern is what a size looks like in a file, as a regular expression.
const sizePattern = `^[0-9]+(\.[0-9]+)? ?([KkMmGgTt][Ii]?)?[Bb]$`

// ParseSize reads a size with or without a unit, whose letters may be small or
// capital.
func ParseSize(text string) (Size, error) {
	wrong := fmt.Errorf("must be a size such as 2GB, got %q", text)
	text = strings.TrimSpace(text)
	end := strings.LastIndexAny(text, "0123456789.") + 1
	name := strings.TrimSpace(text[end:])
	if name == "" {
		n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
		if err != nil || n < 0 {
			return 0, wrong
		}
		return Size(n), nil
	}
	number, err := strconv.ParseFloat(text[:end], 64)
	if err != nil || !(number >= 0) {
		return 0, wrong
	}
	i := slices.IndexFunc(units, func(u unit) bool { return strings.EqualFold(u.name, name) })
	if i < 0 {
		return 0, fmt.Errorf("%w%s", wrong, likelyUnit(text, name))
	}
	bytes := number * units[i].bytes
	if bytes > math.MaxInt64/2 {
		return 0, wrong
	}
	return Size(bytes), nil
}

// likelyUnit is for G, M and the like, which leave open how many bytes they mean.
func likelyUnit(text, name string) string {
	if slices.Contains([]string{"K", "M", "G", "T", "KI", "MI", "GI", "TI"}, strings.ToUpper(name)) {
		return fmt.Sprintf("; did you mean %sB?", text)
	}
	var all []string
	for _, u := range units {
		all = append(all, u.name)
	}
	return "; units are " + strings.Join(all, ", ")
}

// DecodeStrict reads a size.
func (s *Size) DecodeStrict(node *yaml.Node) Diagnostics {
	err := fmt.Errorf("must be a size such as 2GB, got %s", Describe(node))
	if node.Kind == yaml.ScalarNode && node.Tag != "!!null" {
		*s, err = ParseSize(node.Value)
	}
	if err != nil {
		return Diagnostics{At(node, "%s", err)}
	}
	return nil
}

// UnmarshalText reads a size, of a flag for instance.
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSize(string(text))
	return err
}

// JSONSchema describes sizes for editors.
func (Size) JSONSchema() map[string]any {
	return map[string]any{"type": []string{"integer", "string"}, "minimum": 0, "pattern": sizePattern}
}

// String is the size in the largest unit that it is a whole number of, else
// rounded to a tenth of a unit of a power of 1000.
func (s Size) String() string {
	for _, u := range slices.Backward(units) {
		if n := float64(s) / u.bytes; n >= 1 && n == math.Trunc(n) && n < 10_000 {
			return fmt.Sprintf("%.0f%s", n, u.name)
		}
	}
	for _, u := range slices.Backward(units) {
		if n := float64(s) / u.bytes; n >= 1 && !strings.Contains(u.name, "i") {
			return fmt.Sprintf("%.1f%s", n, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

// MarshalText is the number of bytes, which UnmarshalText reads back exactly.
func (s Size) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(s), 10), nil }
