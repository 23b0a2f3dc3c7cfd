package diag

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Range is an interval of numbers. The zero value holds all.
type Range struct {
	Min, Max *float64 // nil: unbounded
	Above    bool     // Min itself is outside
	OrZero   bool     // 0 is inside, too
}

// ParseRange reads the tag `range`: "MIN,MAX", of which either may be missing.
// ">MIN" leaves MIN itself out, and "0|" in front permits 0, which stands for a
// value that is not given. Bounds of a duration are durations (1s), and those of
// a [Size] are sizes (64MB).
func ParseRange(tag string) (Range, error) {
	return parseRange(tag, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
}

func parseRange(tag string, number func(string) (float64, error)) (r Range, err error) {
	rest, zero := strings.CutPrefix(tag, "0|")
	r.OrZero = zero
	least, most, _ := strings.Cut(rest, ",")
	least, r.Above = strings.CutPrefix(strings.TrimSpace(least), ">")
	for text, into := range map[string]**float64{least: &r.Min, strings.TrimSpace(most): &r.Max} {
		if text == "" {
			continue
		}
		x, err := number(text)
		if err != nil {
			return Range{}, fmt.Errorf("range %q: %w", tag, err)
		}
		*into = &x
	}
	return r, nil
}

// rangeOf is the range of a field of that type. It panics where the tag makes no
// sense.
func rangeOf(tag string, t reflect.Type) Range {
	r, err := parseRange(tag, func(text string) (float64, error) {
		switch t {
		case durationType:
			d, err := time.ParseDuration(text)
			return float64(d), err
		case sizeType:
			s, err := ParseSize(text)
			return float64(s), err
		}
		return strconv.ParseFloat(text, 64)
	})
	if err != nil {
		panic("diag: " + err.Error())
	}
	return r
}

// Contains reports whether x lies in the range; NaN lies in none that has a bound.
func (r Range) Contains(x float64) bool {
	if r.OrZero && x == 0 {
		return true
	}
	if r.Min != nil && !(x >= *r.Min && !(r.Above && x == *r.Min)) {
		return false
	}
	return r.Max == nil || x <= *r.Max
}

// Check refuses a number outside the range.
func (r Range) Check(x float64) error {
	return r.check(x, formatNumber)
}

func (r Range) check(x float64, format func(float64) string) error {
	if r.Contains(x) {
		return nil
	}
	return fmt.Errorf("must be %s, got %s", r.text(format), format(x))
}

// checkValue checks a number of any kind, written in the message as its type writes it.
func (r Range) checkValue(v reflect.Value) error {
	format := formatNumber
	if _, ok := v.Interface().(fmt.Stringer); ok { // such as a duration
		format = func(x float64) string {
			return plainDuration(fmt.Sprint(reflect.ValueOf(x).Convert(v.Type()).Interface()))
		}
	}
	if v.CanFloat() {
		return r.check(v.Float(), format)
	}
	err := r.check(float64(v.Int()), format)
	if err != nil && v.Type() == sizeType && v.Int() < 1e6 {
		return &hinted{err, "write a size with its unit, such as 2GB"}
	}
	return err
}

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

// plainDuration leaves the zeros of 24h0m0s out.
func plainDuration(text string) string {
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

func formatNumber(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// String says what lies in the range: "1 to 10", "more than 0", "at least 24, or 0".
func (r Range) String() string { return r.text(formatNumber) }

func (r Range) text(format func(float64) string) string {
	var text string
	switch {
	case r.Min != nil && r.Max != nil && !r.Above:
		text = format(*r.Min) + " to " + format(*r.Max)
	case r.Min != nil && r.Max != nil:
		text = "more than " + format(*r.Min) + " and at most " + format(*r.Max)
	case r.Min != nil && r.Above:
		text = "more than " + format(*r.Min)
	case r.Min != nil:
		text = "at least " + format(*r.Min)
	case r.Max != nil:
		text = "at most " + format(*r.Max)
	default:
		return "any number"
	}
	if r.OrZero {
		return text + ", or 0"
	}
	return text
}
