package vips

import "testing"

func TestEXIFText(t *testing.T) {
	for text, want := range map[string]string{
		"Canon (Canon, ASCII, 6 components, 6 bytes)":             "Canon",
		"Mark (II) (Mark (II), ASCII, 10 components, 10 bytes)":   "Mark (II)",
		"NIKON D90  (NIKON D90 , ASCII, 11 components, 11 bytes)": "NIKON D90",
		"1 (Horizontal, Short, 1 components, 2 bytes)":            "1",
		" (, ASCII, 1 components, 1 bytes)":                       "",
		"plain":                                                   "plain",
		"Pana (sonic), no tail":                                   "Pana (sonic), no tail",
	} {
		if got := exifText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
