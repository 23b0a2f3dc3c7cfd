#include "bridge.h"

#include <stdatomic.h>
#include <string.h>

GType bv_type_int(void) { return G_TYPE_INT; }
GType bv_type_string(void) { return G_TYPE_STRING; }
GType bv_type_ref_string(void) { return VIPS_TYPE_REF_STRING; }
GType bv_type_ints(void) { return VIPS_TYPE_ARRAY_INT; }
GType bv_type_blob(void) { return VIPS_TYPE_BLOB; }
GType bv_type_operation(void) { return VIPS_TYPE_OPERATION; }
GType bv_type_interpolate(void) { return VIPS_TYPE_INTERPOLATE; }

void bv_unref(void *object)
{
	g_object_unref(object);
}

VipsImage *bv_copy(VipsImage *image)
{
	VipsImage *out = NULL;
	return vips_copy(image, &out, NULL) ? NULL : out;
}

VipsImage *bv_copy_typed(VipsImage *image, int interpretation)
{
	VipsImage *out = NULL;
	return vips_copy(image, &out, "interpretation", interpretation, NULL) ? NULL : out;
}

int bv_is(VipsImage *image, const char *field, GType type)
{
	return vips_image_get_typeof(image, field) == type;
}

guint64 bv_size(VipsImage *image)
{
	return VIPS_IMAGE_SIZEOF_IMAGE(image);
}

int bv_in_memory(VipsImage *image)
{
	return image->data && image->Coding == VIPS_CODING_NONE &&
		(image->dtype == VIPS_IMAGE_SETBUF || image->dtype == VIPS_IMAGE_SETBUF_FOREIGN);
}

VipsImage *bv_to_memory(VipsImage *image)
{
	VipsImage *out = vips_image_new_memory();
	if (vips_image_write(image, out)) {
		g_object_unref(out);
		return NULL;
	}
	out->progress_signal = NULL; // that image need not live on
	return out;
}

extern void burnishAdvanced(uintptr_t handle, double done);

typedef struct {
	uintptr_t handle;
	_Atomic gint64 last; // microseconds
} listener;

// Libvips tells of every few rows; a call of Go each time would cost more than
// some pictures.
static void on_eval(VipsImage *image, VipsProgress *progress, void *data)
{
	listener *l = data;
	gint64 last = l->last, now = g_get_monotonic_time();
	if (now - last >= BV_PROGRESS_EVERY && atomic_compare_exchange_strong(&l->last, &last, now))
		burnishAdvanced(l->handle, progress->tpels > 0 ? (double) progress->npels / progress->tpels : 0);
}

static void forget(void *listener, GClosure *closure)
{
	g_free(listener);
}

gulong bv_on_progress(VipsImage *image, uintptr_t handle)
{
	listener *l = g_new0(listener, 1);
	l->handle = handle;
	vips_image_set_progress(image, TRUE);
	return g_signal_connect_data(image, "eval", G_CALLBACK(on_eval), l, forget, 0);
}

// Fields of the header proper, which are not metadata and cannot be removed,
// and marks that belong to one evaluation and not to the pixels.
static gboolean is_metadata(const char *name)
{
	static const char *const not_metadata[] = {
		"width", "height", "bands", "format", "coding", "interpretation",
		"xoffset", "yoffset", "xres", "yres", "filename",
		VIPS_META_SEQUENTIAL, NULL
	};
	return !g_strv_contains(not_metadata, name) &&
		!g_str_has_prefix(name, BV_STRIPS_PREFIX);
}

static void *copy_field(VipsImage *from, const char *name, GValue *value, void *to)
{
	if (is_metadata(name))
		vips_image_set(VIPS_IMAGE(to), name, value);
	return NULL;
}

void bv_strip_metadata(VipsImage *image)
{
	char **names = vips_image_get_fields(image);
	for (char **p = names; p && *p; p++)
		vips_image_remove(image, *p);
	g_strfreev(names);
}

void bv_copy_metadata(VipsImage *from, VipsImage *to)
{
	bv_strip_metadata(to);
	vips_image_map(from, copy_field, to);
}
