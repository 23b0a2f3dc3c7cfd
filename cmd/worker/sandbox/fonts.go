package sandbox

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fonts finds the folders that fontconfig's configuration names: those of
// fonts, and further configuration.
type fonts struct {
	get   func(string) string
	home  string
	paths []string
	seen  []string // files
}

func newFonts(get func(string) string, home string) *fonts { return &fonts{get: get, home: home} }

// mostFontFiles bounds what is read, as a configuration may include itself.
const mostFontFiles = 200

// read follows the configuration from where fontconfig begins. What cannot be
// read or understood is left out.
func (f *fonts) read() []string {
	folders := append(filepath.SplitList(f.get("FONTCONFIG_PATH")), "/etc/fonts")
	name := f.get("FONTCONFIG_FILE")
	if name == "" {
		name = "fonts.conf"
	}
	if filepath.IsAbs(name) {
		f.include(name)
		return f.paths
	}
	for _, folder := range folders {
		if file := filepath.Join(folder, name); filepath.IsAbs(file) {
			f.include(file)
		}
	}
	return f.paths
}

// include takes a file in, or a folder's files.
func (f *fonts) include(path string) {
	info, err := os.Stat(path)
	if err != nil || len(f.seen) == mostFontFiles || slices.Contains(f.seen, path) {
		return
	}
	f.seen = append(f.seen, path)
	f.paths = append(f.paths, path)
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		f.paths = append(f.paths, real)
	}
	if !info.IsDir() {
		f.parse(path)
		return
	}
	found, _ := filepath.Glob(filepath.Join(path, "*.conf")) // an odd name gives none
	for _, file := range found {
		f.include(file)
	}
}

// parse reads the elements of a file that name folders.
func (f *fonts) parse(file string) {
	r, err := os.Open(file)
	if err != nil {
		return
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if err != nil {
			return
		}
		start, ok := t.(xml.StartElement)
		if !ok || !slices.Contains([]string{"dir", "cachedir", "include", "remap-dir"}, start.Name.Local) {
			continue
		}
		var text string
		if d.DecodeElement(&text, &start) != nil {
			return
		}
		path := f.place(file, start, strings.TrimSpace(text))
		switch {
		case path == "" || path == "/":
		case start.Name.Local == "include":
			f.include(path)
		default:
			f.paths = append(f.paths, path)
		}
	}
}

// place is the absolute path that an element names, or "".
func (f *fonts) place(file string, e xml.StartElement, path string) string {
	prefix := ""
	for _, a := range e.Attr {
		if a.Name.Local == "prefix" {
			prefix = a.Value
		}
	}
	below := ""
	switch {
	case path == "":
		return ""
	case strings.HasPrefix(path, "~/"):
		below, path = f.home, path[2:]
	case filepath.IsAbs(path):
		return filepath.Clean(path)
	case prefix == "xdg" && e.Name.Local == "include":
		below = xdg(f.get, f.home, "XDG_CONFIG_HOME", ".config")
	case prefix == "xdg" && e.Name.Local == "cachedir":
		below = xdg(f.get, f.home, "XDG_CACHE_HOME", ".cache")
	case prefix == "xdg":
		below = xdg(f.get, f.home, "XDG_DATA_HOME", ".local/share")
	case prefix == "relative" || e.Name.Local == "include":
		below = filepath.Dir(file)
	}
	if below == "" {
		return ""
	}
	return filepath.Join(below, path)
}
