package condition_test

import (
	"testing"

	"github.com/burnish-photo/burnish/ops/condition"
)

// FuzzCompile requires an error with a place in the text for whatever is no condition.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{`jpeg.quality < 60 and megapixels > 2`, `folder startsWith "web" || ran("a")`, `camera.make matches "^N.*"`, `date >= "2020"`,
		`let x = 1; x`, `map(1..3, # > width)[0]`, `format in ["jpeg", "png"] ? true : false`, "((((", `"\xff`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := condition.Compile(text, []string{"a"})
		if err == nil {
			if c.String() != text {
				t.Errorf("%q became %q", text, c)
			}
			c.DependsOnPath()
			c.AsksWhatRan()
		} else if err.Error() == "" {
			t.Errorf("%q is refused without a word", text)
		}
	})
}
