package sandbox

import (
	"os"
	"path/filepath"
	"strings"
)

// lists are variables that name folders or files which libraries read, with
// colons between: libraries and their modules, fonts, configuration and data.
var lists = []string{
	"LD_LIBRARY_PATH", "LD_PRELOAD", "GCONV_PATH", "LOCPATH", "TZDIR",
	"VIPSHOME", "LIBHEIF_PLUGIN_PATH", "GIO_MODULE_DIR", "GIO_EXTRA_MODULES", "GDK_PIXBUF_MODULE_FILE", "GDK_PIXBUF_MODULEDIR",
	"FONTCONFIG_PATH", "FONTCONFIG_FILE", "FONTCONFIG_SYSROOT", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS",
	"MAGICK_HOME", "MAGICK_CONFIGURE_PATH", "MAGICK_CODER_MODULE_PATH", "MAGICK_CODER_FILTER_PATH", "MAGICK_FILTER_MODULE_PATH", "MAGICK_FONT_PATH",
	"CUDA_HOME", "CUDA_PATH", "ROCM_PATH", "OCL_ICD_VENDORS", "OCL_ICD_FILENAMES", "VK_DRIVER_FILES", "VK_ICD_FILENAMES",
}

// environment is what variables and the user's own folders name to be read.
// Of the latter only what libraries look for there is among it. A variable that
// stands for the whole file system opens nothing.
func environment(get func(string) string, home string) (paths []string) {
	for _, name := range lists {
		separators := ":"
		if name == "LD_PRELOAD" {
			separators = ": "
		}
		for _, path := range strings.FieldsFunc(get(name), func(r rune) bool { return strings.ContainsRune(separators, r) }) {
			if filepath.IsAbs(path) && filepath.Clean(path) != "/" {
				paths = append(paths, filepath.Clean(path))
			}
		}
	}
	for _, user := range []struct {
		variable, folder string
		names            []string
	}{
		{"XDG_DATA_HOME", ".local/share", []string{"fonts", "ImageMagick"}},
		{"XDG_CONFIG_HOME", ".config", []string{"fontconfig", "ImageMagick"}},
		{"XDG_CACHE_HOME", ".cache", []string{"fontconfig"}},
		{"", "", []string{".fonts", ".fonts.conf", ".fonts.conf.d"}},
	} {
		folder := xdg(get, home, user.variable, user.folder)
		for _, name := range user.names {
			if folder != "" {
				paths = append(paths, filepath.Join(folder, name))
			}
		}
	}
	return append(paths, newFonts(get, home).read()...)
}

// xdg is a user's folder: the variable's where it is set, else below home; ""
// where there is neither.
func xdg(get func(string) string, home, variable, folder string) string {
	if set := get(variable); variable != "" && filepath.IsAbs(set) {
		return set
	}
	if home == "" {
		return ""
	}
	return filepath.Join(home, folder)
}

// home is the user's folder, or "".
func home() string {
	home, _ := os.UserHomeDir()
	return home
}
