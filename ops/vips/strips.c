#include "band.h"
#include "bridge.h"

#include <string.h>

// Rows that are asked of the input at a time.
#define PIECE 16

// An operator under way. Threads of libvips take turns.
typedef struct {
	bv_strips spec;
	VipsImage *in, *out;
	gboolean whole; // the input is there at once
	int lines;      // that the threads of one sink may be apart
	GMutex lock;    // of what follows
	band source;    // input rows that are wanted again
	band made;      // the last strips' rows
	int last;       // the strip made last; -1: none
	int tallest;    // rows of a request
} operation;

// The rows from..to of the input, which a sequential source gives only once.
static int read_rows(operation *op, VipsRegion *in, int from, int to, bv_rows *rows)
{
	VipsRect want = { 0, from, op->in->Xsize, to - from };
	band *b = &op->source;
	rows->top = from;
	rows->height = to - from;
	if (op->whole) {
		if (vips_region_prepare(in, &want))
			return -1;
		rows->stride = VIPS_REGION_LSKIP(in);
		rows->pixels = VIPS_REGION_ADDR(in, 0, from);
		return 0;
	}
	band_from(b, from);
	if (band_reserve(b, to - from))
		return -1;
	while (b->bottom < to) {
		want.top = b->bottom;
		want.height = VIPS_MIN(PIECE - b->bottom % PIECE, to - b->bottom);
		if (vips_region_prepare(in, &want))
			return -1;
		for (int y = want.top; y < want.top + want.height; y++)
			memcpy(band_at(b, y), VIPS_REGION_ADDR(in, 0, y), b->row);
		b->bottom += want.height;
	}
	rows->stride = b->row;
	rows->pixels = b->data;
	return 0;
}

// Finished rows that a thread behind the others may still ask for.
static int kept(const operation *op)
{
	return op->spec.cheap ? op->spec.height * op->spec.scale : 2 * (op->lines + op->tallest);
}

static int make(operation *op, VipsRegion *in, int k)
{
	const bv_strips *spec = &op->spec;
	band *b = &op->made;
	int scale = spec->scale; // rows of the output for one of the input
	int top = k * spec->height, bottom = VIPS_MIN(top + spec->height, op->in->Ysize);
	int from = spec->from && k == op->last + 1 ? spec->from[k] : top - spec->above;
	bv_rows source = { .width = op->in->Xsize, .bands = op->in->Bands, .pixel = VIPS_IMAGE_SIZEOF_PEL(op->in) };
	op->last = -1;
	gint64 began = g_get_monotonic_time();
	if (read_rows(op, in, VIPS_MAX(from, 0), VIPS_MIN(bottom + spec->below, op->in->Ysize), &source))
		return -1;
	source.waited = g_get_monotonic_time() - began;
	top *= scale;
	bottom *= scale;
	band_from(b, b->bottom == top ? VIPS_MAX(b->top, top - kept(op)) : top);
	if (band_reserve(b, VIPS_MIN(kept(op) + spec->height * scale, op->out->Ysize)))
		return -1;
	bv_rows out = { .top = top, .height = bottom - top, .width = op->out->Xsize, .bands = op->out->Bands,
		.pixel = VIPS_IMAGE_SIZEOF_PEL(op->out), .stride = b->row, .pixels = band_at(b, top) };
	if (burnishStrip(spec->handle, &source, &out))
		return -1;
	b->bottom = bottom;
	op->last = k;
	return 0;
}

// Sees to it that row y is there. Threads that are ahead of others get the
// strips between made as well.
static int hold(operation *op, VipsRegion *in, int y)
{
	band *b = &op->made;
	if (y >= b->top && y < b->bottom)
		return 0;
	int rows = op->spec.height * op->spec.scale;
	int k = y / rows;
	int first = y >= b->bottom && y - b->bottom < 2 * op->lines ? b->bottom / rows : k;
	for (; first <= k; first++)
		if (make(op, in, first))
			return -1;
	return 0;
}

static int generate(VipsRegion *out, void *in, void *a, void *b, gboolean *stop)
{
	operation *op = b;
	const VipsRect *want = &out->valid;
	int bottom = want->top + want->height, failed = 0;
	size_t pixel = VIPS_IMAGE_SIZEOF_PEL(out->im);
	g_mutex_lock(&op->lock);
	op->tallest = VIPS_MAX(op->tallest, want->height);
	for (int y = want->top; y < bottom && !failed;) {
		failed = hold(op, in, y);
		for (; !failed && y < VIPS_MIN(bottom, op->made.bottom); y++)
			memcpy(VIPS_REGION_ADDR(out, want->left, y), band_at(&op->made, y) + want->left * pixel, want->width * pixel);
	}
	g_mutex_unlock(&op->lock);
	return failed;
}

static void forget(VipsImage *image, operation *op)
{
	g_mutex_lock(&op->lock);
	band_free(&op->source);
	band_free(&op->made);
	op->last = -1;
	g_mutex_unlock(&op->lock);
}

static void finish(VipsImage *image, operation *op)
{
	forget(image, op);
	g_mutex_clear(&op->lock);
	g_free(op->spec.from);
	g_free(op);
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

static operation *operation_new(VipsImage *in, VipsImage *out, const bv_strips *spec)
{
	operation *op = g_new0(operation, 1);
	int tile_width, tile_height;
	vips_get_tile_size(out, &tile_width, &tile_height, &op->lines);
	op->spec = *spec;
	op->in = in;
	op->out = out;
	op->whole = in->dtype != VIPS_IMAGE_PARTIAL;
	op->source.row = VIPS_IMAGE_SIZEOF_LINE(in);
	op->made.row = VIPS_IMAGE_SIZEOF_LINE(out);
	op->last = -1;
	g_mutex_init(&op->lock);
	g_signal_connect(out, "minimise", G_CALLBACK(forget), op);
	g_signal_connect(out, "close", G_CALLBACK(finish), op);
	return op;
}

VipsImage *bv_strips_new(VipsImage *in, const bv_strips *spec)
{
	VipsImage *out = vips_image_new();
	vips_object_local(out, g_object_ref(in));
	if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_FATSTRIP, in, NULL)) {
		burnishStripFree(spec->handle);
		g_free(spec->from);
		g_object_unref(out);
		return NULL;
	}
	attach_handle(out, spec->handle);
	// Libvips then shrinks it as it would a file, in order, making no strip twice.
	vips_image_set_int(out, VIPS_META_SEQUENTIAL, 1);
	out->Xsize *= spec->scale;
	out->Ysize *= spec->scale;
	out->Bands = spec->bands;
	out->BandFmt = spec->format;
	out->Type = spec->interpretation;
	operation *op = operation_new(in, out, spec);
	if (vips_image_generate(out, vips_start_one, generate, vips_stop_one, in, op)) {
		g_object_unref(out);
		return NULL;
	}
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

// Bytes that one step of add_columns takes.
#define LANE 32

void bv_add_columns(const uint8_t *restrict row, size_t step, size_t rows, uint16_t *restrict sums, size_t columns)
{
	for (; rows >= 4; rows -= 4, row += 4 * step) {
		const uint8_t *restrict a = row, *restrict b = a + step, *restrict c = b + step, *restrict d = c + step;
		size_t i = 0;
		for (; i + LANE <= columns; i += LANE)
			for (size_t j = i; j < i + LANE; j++)
				sums[j] += a[j] + b[j] + c[j] + d[j];
		for (; i < columns; i++)
			sums[i] += a[i] + b[i] + c[i] + d[i];
	}
	for (; rows > 0; rows--, row += step)
		for (size_t i = 0; i < columns; i++)
			sums[i] += row[i];
}
