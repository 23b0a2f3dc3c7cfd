package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWhatTheEnvironmentNamesIsRead(t *testing.T) {
	at := func(vars map[string]string) func(string) string {
		return func(name string) string { return vars[name] }
	}
	got := environment(at(map[string]string{
		"LIBHEIF_PLUGIN_PATH": "/srv/heif:/srv/more/", "LD_PRELOAD": "/srv/a.so /srv/b.so:libc.so", "VIPSHOME": "/srv/vips",
		"XDG_DATA_HOME": "/srv/data", "XDG_DATA_DIRS": "/srv/share:", "TZDIR": "/", "GIO_MODULE_DIR": "relative",
	}), "/home/x")
	for _, want := range []string{
		"/srv/heif", "/srv/more", "/srv/a.so", "/srv/b.so", "/srv/vips", "/srv/share",
		"/srv/data/fonts", "/home/x/.config/fontconfig", "/home/x/.cache/fontconfig", "/home/x/.fonts",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s may not be read", want)
		}
	}
	for _, not := range []string{"/", "relative", "libc.so", "/srv/data", "/home/x", "/home/x/.config", "/home/x/.local/share/fonts", ""} {
		if slices.Contains(got, not) {
			t.Errorf("%q may be read", not)
		}
	}
	for _, path := range environment(at(nil), "") {
		if !filepath.IsAbs(path) {
			t.Errorf("without a home: %q", path)
		}
	}
}

func TestFoldersOfFonts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("fonts.conf", `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
	<dir>/srv/fonts</dir> <dir prefix="xdg">fonts</dir> <dir>~/.faces</dir> <dir prefix="relative">beside</dir> <dir>/</dir> <dir/>
	<cachedir>/srv/cache</cachedir>
	<include ignore_missing="yes">conf.d</include> <include>/none</include> <include>fonts.conf</include>
	<match><edit name="family"><string>/not/this</string></edit></match>
</fontconfig>`)
	write("conf.d/10.conf", `<fontconfig><dir>/srv/included</dir>`) // not whole
	write("conf.d/README", `<fontconfig><dir>/srv/readme</dir></fontconfig>`)
	vars := map[string]string{"FONTCONFIG_FILE": conf, "XDG_DATA_HOME": "/srv/data"}
	got := newFonts(func(name string) string { return vars[name] }, "/home/x").read()
	want := []string{
		conf, "/srv/fonts", "/srv/data/fonts", "/home/x/.faces", filepath.Join(dir, "beside"), "/srv/cache",
		filepath.Join(dir, "conf.d"), filepath.Join(dir, "conf.d/10.conf"), "/srv/included",
	}
	if !slices.Equal(got, want) {
		t.Errorf("read\n%q, want\n%q", got, want)
	}
	vars = map[string]string{"FONTCONFIG_FILE": "fonts.conf", "FONTCONFIG_PATH": dir}
	if got := newFonts(func(name string) string { return vars[name] }, "").read(); !slices.Contains(got, "/srv/included") {
		t.Errorf("by FONTCONFIG_PATH: %q", got)
	}
}
