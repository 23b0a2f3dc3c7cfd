#include "bridge.h"

#include <dlfcn.h>
#include <stdio.h>

// Writes the version that a loaded library tells of itself, of which it is one
// of three forms; nothing where the library or the function is not there.
void bv_codec_version(const char *path, const char *function, int form, char *out, size_t size)
{
	out[0] = 0;
	void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (!library)
		return;
	void *f = dlsym(library, function);
	if (f && form == BV_VERSION_TEXT) {
		const char *text = ((const char *(*)(void))f)();
		if (text)
			snprintf(out, size, "%s", text);
	} else if (f && form == BV_VERSION_BYTES) {
		unsigned v = ((int (*)(void))f)();
		snprintf(out, size, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255);
	} else if (f) {
		uint32_t v = ((uint32_t (*)(void))f)();
		snprintf(out, size, "%u.%u.%u", v / 1000000, v / 1000 % 1000, v % 1000);
	}
	dlclose(library);
}
