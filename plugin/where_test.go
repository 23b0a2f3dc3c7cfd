package plugin_test

import (
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

func FuzzParseWhere(f *testing.F) {
	for _, text := range []string{"model=lite and before=2026-06-01", "path=holiday/*.jpg", "pipeline!=a and after=2026-01-31T12:00:00Z", "path=[", " and ", "before!=2026-01-01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := plugin.ParseWhere(text); err != nil && err.Error() == "" {
			t.Errorf("%q is refused without a word", text)
		}
	})
}
