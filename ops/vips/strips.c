#include "bridge.h"

#include <string.h>

// Rows of one tile of the line buffer in front of an operator.
#define LINE_TILE 64

static void rows_of(VipsRegion *region, const VipsRect *rect, bv_rows *rows)
{
	rows->top = rect->top;
	rows->height = rect->height;
	rows->width = rect->width;
	rows->bands = region->im->Bands;
	rows->pixel = VIPS_IMAGE_SIZEOF_PEL(region->im);
	rows->stride = VIPS_REGION_LSKIP(region);
	rows->pixels = VIPS_REGION_ADDR(region, rect->left, rect->top);
}

static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	const bv_strips *strips = b;
	VipsRect image = { 0, 0, in->im->Xsize, in->im->Ysize };
	VipsRect want = out->valid;
	want.top -= strips->above;
	want.height += strips->above + strips->below;
	vips_rect_intersectrect(&want, &image, &want);
	if (vips_region_prepare(in, &want))
		return -1;

	bv_rows from, to;
	rows_of(in, &want, &from);
	rows_of(out, &out->valid, &to);
	return burnishStrip(strips->handle, &from, &to);
}

// Strips that one sink may need at the same time: its threads spread over two
// of libvips' own line buffers, and a thread that waits for a core may lag two
// more behind.
static int strips_in_flight(VipsImage *image, const bv_strips *strips)
{
	int tile_width, tile_height, lines;
	vips_get_tile_size(image, &tile_width, &tile_height, &lines);
	return 2 + 4 * lines / strips->height;
}

static VipsImage *cache(VipsImage *in, int rows, int tiles, VipsAccess access)
{
	VipsImage *out = NULL;
	return vips_tilecache(in, &out,
		"tile_width", in->Xsize, "tile_height", rows, "max_tiles", tiles,
		"access", access, "threaded", TRUE, NULL) ? NULL : out;
}

// A reference to in with enough rows kept that neighbouring strips find what
// they share: a sequential source can be read only once.
static VipsImage *line_buffer(VipsImage *in, const bv_strips *strips)
{
	if (in->dtype != VIPS_IMAGE_PARTIAL)
		return g_object_ref(in);
	gint64 rows = (gint64) strips_in_flight(in, strips) * strips->height +
		2 * ((gint64) strips->above + strips->below);
	rows = VIPS_MIN(rows, in->Ysize);
	return cache(in, LINE_TILE, 2 + rows / LINE_TILE, VIPS_ACCESS_SEQUENTIAL);
}

static int free_handle(void *handle, void *area)
{
	burnishStripFree((uintptr_t) handle);
	return 0;
}

// The operator's handle travels as metadata: every image made from this one
// inherits it, so a sink far down the graph finds the Go error, and the handle
// goes with the last of them. An area has no text form: it is never saved.
static void attach_handle(VipsImage *image, uintptr_t handle)
{
	char name[64];
	g_snprintf(name, sizeof(name), BV_STRIPS_PREFIX "%" G_GUINT64_FORMAT, (guint64) handle);
	vips_image_set_area(image, name, free_handle, (void *) handle);
}

// The uncached operator, or NULL. Owns strips->handle in either case.
static VipsImage *operator_new(VipsImage *in, const bv_strips *spec)
{
	VipsImage *out = vips_image_new();
	VipsImage *lines = line_buffer(in, spec);
	if (lines)
		vips_object_local(out, lines);
	if (!lines || vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, lines, NULL)) {
		burnishStripFree(spec->handle);
		g_object_unref(out);
		return NULL;
	}
	attach_handle(out, spec->handle);
	// Libvips then shrinks it as it would a file, in order, making no strip twice.
	vips_image_set_int(out, VIPS_META_SEQUENTIAL, 1);
	out->Bands = spec->bands;
	out->BandFmt = spec->format;
	out->Type = spec->interpretation;
	bv_strips *strips = VIPS_NEW(out, bv_strips);
	*strips = *spec;
	if (vips_image_generate(out, vips_start_one, generate, vips_stop_one, lines, strips)) {
		g_object_unref(out);
		return NULL;
	}
	return out;
}

VipsImage *bv_strips_new(VipsImage *in, const bv_strips *strips)
{
	VipsImage *bare = operator_new(in, strips);
	if (!bare)
		return NULL;
	VipsImage *out = cache(bare, strips->height, strips_in_flight(bare, strips),
		VIPS_ACCESS_RANDOM);
	g_object_unref(bare);
	return out;
}

static int pass_through(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = seq;
	const VipsRect *rect = &out->valid;
	if (vips_region_prepare(in, rect)) {
		burnishReadFailed((uintptr_t) b);
		return -1;
	}
	return vips_region_region(out, in, rect, rect->left, rect->top);
}

VipsImage *bv_watch_new(VipsImage *in, uintptr_t handle)
{
	VipsImage *out = vips_image_new();
	vips_object_local(out, g_object_ref(in));
	if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL)) {
		burnishStripFree(handle);
		g_object_unref(out);
		return NULL;
	}
	attach_handle(out, handle);
	if (vips_image_generate(out, vips_start_one, pass_through, vips_stop_one, in, (void *) handle)) {
		g_object_unref(out);
		return NULL;
	}
	return out;
}

static void *collect_handle(VipsImage *image, const char *name, GValue *value, void *array)
{
	if (g_str_has_prefix(name, BV_STRIPS_PREFIX) && G_VALUE_TYPE(value) == VIPS_TYPE_AREA) {
		uintptr_t handle = (uintptr_t) VIPS_AREA(g_value_get_boxed(value))->data;
		g_array_append_val((GArray *) array, handle);
	}
	return NULL;
}

uintptr_t *bv_strips_handles(VipsImage *image, int *n)
{
	GArray *handles = g_array_new(FALSE, FALSE, sizeof(uintptr_t));
	vips_image_map(image, collect_handle, handles);
	*n = handles->len;
	return (uintptr_t *) g_array_free(handles, FALSE);
}

void bv_error(const char *domain, const char *text)
{
	vips_error(domain, "%s", text);
}
