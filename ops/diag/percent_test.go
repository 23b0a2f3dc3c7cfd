package diag_test

import (
	"testing"

	"github.com/burnish-photo/burnish/ops/diag"
)

func TestPercent(t *testing.T) {
	for text, want := range map[string]diag.Percent{"2%": 2, "0%": 0, "100 %": 100, "0.5%": 0.5} {
		if got, err := diag.ParsePercent(text); got != want || err != nil {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2", "%", "-1%", "101%", "NaN%", "2%%", "two%", "Inf%"} {
		if got, err := diag.ParsePercent(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
