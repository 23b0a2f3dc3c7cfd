package config

import (
	"os"
	"path/filepath"
	"testing"
)

// graphify#2544, ripgrep#845: a folder from a Mac is found under the name that
// its owner types.
func TestAsSpelled(t *testing.T) {
	const typed, mac = "Priv\u00e9", "Prive\u0301"
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, mac, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                           "",
		"plain":                      "plain",
		typed:                        mac,
		mac:                          mac,
		typed + "/sub":               mac + "/sub",
		typed + "/new/\u00e9t\u00e9": mac + "/new/\u00e9t\u00e9",
	} {
		if path != "" {
			path, want = filepath.Join(folder, path), filepath.Join(folder, want)
		}
		if got := asSpelled(path); got != want {
			t.Errorf("%+q becomes %+q, want %+q", path, got, want)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, typed), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := asSpelled(filepath.Join(folder, typed)); got != filepath.Join(folder, typed) {
		t.Errorf("a folder that is there became %+q", got)
	}
}
