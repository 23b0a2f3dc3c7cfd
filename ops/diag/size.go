package diag

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// units are what sizes may be given in, in bytes.
var units = []struct {
	name  string
	bytes float64
}{
	{"B", 1},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
}

// SizePattern is what a size with its unit looks like, as a regular expression.
const SizePattern = `^[0-9]+(\.[0-9]+)? ?([KkMmGgTt][Ii]?)?[Bb]$`

// unitOf is a unit's bytes; its letters may be small or capital.
func unitOf(name string) (bytes float64, ok bool) {
	for _, u := range units {
		if strings.EqualFold(u.name, name) {
			return u.bytes, true
		}
	}
	return 0, false
}

// decodeSize reads a size: a plain number counts in the field's own unit, which
// its tag names; a number with a unit, such as 64MB or 2GiB, is converted.
func decodeSize(node *yaml.Node, v reflect.Value, own string) Faults {
	wrong := Faults{At(node, "must be a size such as 64MB or 2GiB, or a number (of %s), got %s", own, Describe(node))}
	if node.Kind != yaml.ScalarNode {
		return wrong
	}
	if node.Tag == "!!int" || node.Tag == "!!float" {
		return decodeScalar(node, v)
	}
	text := strings.TrimSpace(node.Value)
	end := strings.LastIndexAny(text, "0123456789.") + 1
	number, err := strconv.ParseFloat(text[:end], 64)
	name := strings.TrimSpace(text[end:])
	bytes, ok := unitOf(name)
	switch {
	case err != nil || math.IsNaN(number) || math.IsInf(number, 0) || number < 0:
		return wrong
	case !ok:
		return Faults{At(node, "must be a size in %s, got %s%s", unitNames(), Describe(node), likelyUnit(name))}
	}
	ownBytes, _ := unitOf(own)
	size := number * bytes / ownBytes
	if v.Kind() == reflect.Float64 {
		v.SetFloat(size)
		return nil
	}
	if size > math.MaxInt64/2 {
		return wrong
	}
	v.SetInt(int64(size))
	return nil
}

func unitNames() string {
	var all []string
	for _, u := range units {
		all = append(all, u.name)
	}
	return strings.Join(all, ", ")
}

// likelyUnit is for G, M and the like, which leave open how many bytes they mean.
func likelyUnit(name string) string {
	if slices.Contains([]string{"K", "M", "G", "T", "KI", "MI", "GI", "TI"}, strings.ToUpper(name)) {
		return fmt.Sprintf("; did you mean %sB?", name)
	}
	return ""
}
