package vips

import "testing"

func TestEdits(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"resize", "resize", 0},
		{"resise", "resize", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2},
	}
	for _, tt := range tests {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("edits(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	names := []string{"sigma", "min_ampl", "precision"}
	if got, want := didYouMean("sgima", names), `; did you mean "sigma"?`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := didYouMean("colour", names); got != "" {
		t.Errorf("a far name suggests %q", got)
	}
}
