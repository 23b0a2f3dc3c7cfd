package vips

// #include "bridge.h"
// #include <stdlib.h>
import "C"

import (
	"os"
	"path/filepath"
	"strings"
	"unsafe"
)

// codecs are libraries that decode untrusted files, with the function that tells
// their version.
var codecs = []struct {
	name, function string
	form           C.int
}{
	{"libheif", "heif_get_version", C.BV_VERSION_TEXT},
	{"libwebp", "WebPGetDecoderVersion", C.BV_VERSION_BYTES},
	{"libjxl", "JxlDecoderVersion", C.BV_VERSION_THOUSANDS},
}

// Codecs are the versions of libraries that libvips decodes by, by their names,
// as far as they are loaded and this system tells.
func Codecs() map[string]string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if len(fields) < 6 {
			continue
		}
		path := fields[5]
		for _, c := range codecs {
			if strings.HasPrefix(filepath.Base(path), c.name+".so") && versions[c.name] == "" {
				versions[c.name] = codecVersion(path, c.function, c.form)
			}
		}
	}
	return versions
}

func codecVersion(path, function string, form C.int) string {
	p, f := C.CString(path), C.CString(function)
	defer C.free(unsafe.Pointer(p))
	defer C.free(unsafe.Pointer(f))
	var out [32]C.char
	C.bv_codec_version(p, f, form, &out[0], C.size_t(len(out)))
	return C.GoString(&out[0])
}
