#define _GNU_SOURCE
#include "reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <jerror.h>

// A file of more scans is made to keep decoders busy; libvips has the same bound.
#define MOST_SCANS 100

#define PIECE (64 << 10) // bytes read at a time

// The coefficients of one component, in place of libjpeg's virtual array: the
// rows of blocks that one row of units has, and all of them elsewhere where the
// file has several scans.
typedef struct {
	JDIMENSION columns, rows; // blocks
	JDIMENSION height;        // rows of a window
	JBLOCK *window;           // height rows, or all of them in memory
	JBLOCKARRAY lines;        // of the window
	JDIMENSION top;           // first row of the window
	int loaded, dirty;
	int64_t offset; // in the temporary file
} array;

struct bc_reader {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_source_mgr source;
	struct jpeg_progress_mgr progress;
	jmp_buf out, pause; // of an error; of rows enough
	int left;           // rows of units until the pause
	char message[JMSG_LENGTH_MAX + 64];

	int fd, temp;
	int64_t at;
	JOCTET buffer[PIECE];

	int created, many, whole; // whole: all coefficients are in memory
	int scanning;             // entropy-coded data is being read
	JDIMENSION damaged;       // first row of units that is not sound; total where all are
	JDIMENSION next;          // row of units
	array arrays[BC_COMPONENTS];
	int requested;
	void (*realize)(j_common_ptr);
};

static bc_reader *of(j_common_ptr cinfo) { return cinfo->client_data; }

static void failed(j_common_ptr cinfo)
{
	bc_reader *r = of(cinfo);
	(*cinfo->err->format_message)(cinfo, r->message);
	longjmp(r->out, 1);
}

static void fail_with(bc_reader *r, const char *what, int number)
{
	snprintf(r->message, sizeof(r->message), "%s: %s", what, strerror(number));
	longjmp(r->out, 1);
}

// Stray bytes between segments do no harm; any other warning within the coded
// data says that what follows is not what was written.
static void noted(j_common_ptr cinfo, int level)
{
	bc_reader *r = of(cinfo);
	if (level >= 0 || !r->scanning || cinfo->err->msg_code == JWRN_EXTRANEOUS_DATA)
		return;
	if (r->many)
		r->damaged = 0;
	else if (r->jpeg.input_iMCU_row < r->damaged)
		r->damaged = r->jpeg.input_iMCU_row;
}

static void silent(j_common_ptr cinfo) {}

// Source.

static void nothing(j_decompress_ptr cinfo) {}

static boolean fill(j_decompress_ptr cinfo)
{
	static const JOCTET end[] = { 0xff, JPEG_EOI };
	bc_reader *r = of((j_common_ptr) cinfo);
	ssize_t n;
	do
		n = pread(r->fd, r->buffer, PIECE, r->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fail_with(r, "read", errno);
	r->at += n;
	r->source.next_input_byte = r->buffer;
	r->source.bytes_in_buffer = n;
	if (n == 0) {
		WARNMS(cinfo, JWRN_JPEG_EOF);
		r->source.next_input_byte = end;
		r->source.bytes_in_buffer = sizeof(end);
	}
	return TRUE;
}

static void skip(j_decompress_ptr cinfo, long n)
{
	bc_reader *r = of((j_common_ptr) cinfo);
	if (n <= 0)
		return;
	if ((size_t) n > r->source.bytes_in_buffer) {
		r->at += n - (long) r->source.bytes_in_buffer;
		n = r->source.bytes_in_buffer;
	}
	r->source.next_input_byte += n;
	r->source.bytes_in_buffer -= n;
}

// Arrays.

static size_t row_bytes(const array *a) { return (size_t) a->columns * sizeof(JBLOCK); }
static int64_t size_of(const array *a) { return (int64_t) row_bytes(a) * a->rows; }

static void move_window(bc_reader *r, array *a, int write)
{
	char *p = (char *) a->window;
	size_t left = row_bytes(a) * a->height;
	int64_t at = a->offset + (int64_t) row_bytes(a) * a->top;
	while (left > 0) {
		ssize_t n = write ? pwrite(r->temp, p, left, at) : pread(r->temp, p, left, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail_with(r, write ? "write a temporary file" : "read a temporary file", errno);
		if (n == 0) { // a row that was never written
			memset(p, 0, left);
			return;
		}
		p += n, at += n, left -= n;
	}
}

// Brings the window to a row of blocks.
static void seek(bc_reader *r, array *a, JDIMENSION top)
{
	if (r->whole || (a->loaded && a->top == top))
		return;
	if (r->many && a->dirty)
		move_window(r, a, 1);
	a->dirty = 0;
	a->top = top;
	a->loaded = 1;
	if (r->many)
		move_window(r, a, 0);
	else
		memset(a->window, 0, row_bytes(a) * a->height);
}

static jvirt_barray_ptr request(j_common_ptr cinfo, int pool, boolean zero, JDIMENSION columns, JDIMENSION rows, JDIMENSION height)
{
	bc_reader *r = of(cinfo);
	if (r->requested == BC_COMPONENTS || r->requested >= r->jpeg.num_components)
		ERREXIT(cinfo, JERR_BAD_VIRTUAL_ACCESS);
	array *a = &r->arrays[r->requested];
	a->columns = columns;
	a->rows = rows;
	a->height = r->jpeg.comp_info[r->requested].v_samp_factor;
	r->requested++;
	return (jvirt_barray_ptr) a;
}

static void realize(j_common_ptr cinfo)
{
	bc_reader *r = of(cinfo);
	int64_t offset = 0;
	for (int i = 0; i < r->requested; i++) {
		array *a = &r->arrays[i];
		JDIMENSION lines = r->whole ? a->rows : a->height;
		a->offset = offset;
		offset += size_of(a);
		a->window = calloc(lines, row_bytes(a));
		a->lines = calloc(lines, sizeof(JBLOCKROW));
		if (!a->window || !a->lines)
			ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
		for (JDIMENSION y = 0; y < lines; y++)
			a->lines[y] = a->window + (size_t) y * a->columns;
	}
	(*r->realize)(cinfo);
}

static JBLOCKARRAY reach(j_common_ptr cinfo, jvirt_barray_ptr ptr, JDIMENSION top, JDIMENSION rows, boolean writable)
{
	bc_reader *r = of(cinfo);
	array *a = (array *) ptr;
	if (top % a->height != 0 || rows > a->height || top + rows > a->rows)
		ERREXIT(cinfo, JERR_BAD_VIRTUAL_ACCESS);
	seek(r, a, top);
	a->dirty |= writable;
	return r->whole ? a->lines + top : a->lines;
}

// Reading.

bc_reader *bc_new(int fd)
{
	bc_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->fd = fd;
	r->temp = -1;
	return r;
}

static void set_up(bc_reader *r)
{
	struct jpeg_decompress_struct *jpeg = &r->jpeg;
	jpeg->err = jpeg_std_error(&r->errors);
	r->errors.error_exit = failed;
	r->errors.emit_message = noted;
	r->errors.output_message = silent;
	jpeg->client_data = r;
	jpeg_create_decompress(jpeg);
	r->created = 1;
	r->source = (struct jpeg_source_mgr){ .init_source = nothing, .fill_input_buffer = fill, .skip_input_data = skip,
		.resync_to_restart = jpeg_resync_to_restart, .term_source = nothing };
	jpeg->src = &r->source;
	jpeg->mem->request_virt_barray = request;
	jpeg->mem->access_virt_barray = reach;
	r->realize = jpeg->mem->realize_virt_arrays;
	jpeg->mem->realize_virt_arrays = realize;
}

static bc_space space_of(const struct jpeg_decompress_struct *jpeg)
{
	switch (jpeg->jpeg_color_space) {
	case JCS_GRAYSCALE:
		return BC_GRAY;
	case JCS_YCbCr:
		return BC_YCBCR;
	case JCS_RGB:
		return BC_RGB;
	default:
		return BC_OTHER;
	}
}

static JDIMENSION over(JDIMENSION a, JDIMENSION n) { return (a + n - 1) / n; }

bc_status bc_header(bc_reader *r, bc_info *info)
{
	struct jpeg_decompress_struct *jpeg = &r->jpeg;
	memset(info, 0, sizeof(*info));
	if (setjmp(r->out))
		return BC_FAILED;
	set_up(r);
	jpeg_read_header(jpeg, TRUE);
	if (jpeg->num_components > BC_COMPONENTS)
		ERREXIT2(jpeg, JERR_COMPONENT_COUNT, jpeg->num_components, BC_COMPONENTS);
	if (jpeg->data_precision != 8)
		ERREXIT1(jpeg, JERR_BAD_PRECISION, jpeg->data_precision);
	r->many = jpeg_has_multiple_scans(jpeg);
	info->width = jpeg->image_width;
	info->height = jpeg->image_height;
	info->components = jpeg->num_components;
	info->space = space_of(jpeg);
	info->many = r->many;
	info->rows = over(jpeg->image_height, 8 * jpeg->max_v_samp_factor);
	r->damaged = info->rows;
	for (int i = 0; i < info->components; i++) {
		const jpeg_component_info *c = &jpeg->comp_info[i];
		JDIMENSION blocks = over(jpeg->image_width * c->h_samp_factor, 8 * jpeg->max_h_samp_factor);
		info->component[i].h = c->h_samp_factor;
		info->component[i].v = c->v_samp_factor;
		info->component[i].columns = over(blocks, c->h_samp_factor) * c->h_samp_factor;
	}
	return BC_OK;
}

int64_t bc_kept(const bc_reader *r)
{
	int64_t bytes = 0;
	if (!r->many)
		return 0;
	for (int i = 0; i < r->jpeg.num_components; i++) {
		const jpeg_component_info *c = &r->jpeg.comp_info[i];
		int64_t across = over(r->jpeg.image_width, 8 * r->jpeg.max_h_samp_factor) * c->h_samp_factor;
		int64_t down = over(r->jpeg.image_height, 8 * r->jpeg.max_v_samp_factor) * c->v_samp_factor;
		bytes += across * down * (int64_t) sizeof(JBLOCK);
	}
	return bytes;
}

// Libjpeg tells of its progress before each row of units that it reads. There it
// is left, and taken up again by the same call.
static void before_row(j_common_ptr cinfo)
{
	bc_reader *r = of(cinfo);
	if (r->jpeg.input_scan_number > MOST_SCANS) {
		snprintf(r->message, sizeof(r->message), "more than %d scans", MOST_SCANS);
		longjmp(r->out, 1);
	}
	if (!r->many && r->left-- == 0)
		longjmp(r->pause, 1);
}

// Reads that many rows of units; of several scans all there is.
static void read_rows(bc_reader *r, int rows)
{
	r->left = rows;
	r->scanning = 1;
	if (!setjmp(r->pause))
		jpeg_read_coefficients(&r->jpeg);
	r->scanning = 0;
}

bc_status bc_start(bc_reader *r, int temp, int64_t in_memory)
{
	r->temp = temp;
	r->whole = r->many && bc_kept(r) <= in_memory;
	if (setjmp(r->out))
		return BC_FAILED;
	if (r->many && !r->whole && temp < 0) {
		snprintf(r->message, sizeof(r->message), "no temporary file");
		return BC_FAILED;
	}
	r->progress.progress_monitor = before_row;
	r->jpeg.progress = &r->progress;
	read_rows(r, 0);
	return BC_OK;
}

bc_status bc_row(bc_reader *r, const int16_t *blocks[BC_COMPONENTS])
{
	if (setjmp(r->out))
		return BC_FAILED;
	if (r->next >= over(r->jpeg.image_height, 8 * r->jpeg.max_v_samp_factor)) {
		snprintf(r->message, sizeof(r->message), "no such row");
		return BC_FAILED;
	}
	if (!r->many && r->damaged > r->next)
		read_rows(r, 1);
	if (r->damaged <= r->next)
		return BC_DAMAGED;
	for (int i = 0; i < r->requested; i++) {
		array *a = &r->arrays[i];
		JDIMENSION top = r->next * a->height;
		if (r->many)
			seek(r, a, top);
		blocks[i] = (const int16_t *) (r->whole ? a->lines[top] : a->lines[0]);
	}
	r->next++;
	return BC_OK;
}

bc_status bc_table(const bc_reader *r, int component, uint16_t steps[64], uint8_t known[64])
{
	const JQUANT_TBL *table = r->jpeg.comp_info[component].quant_table;
	if (!table)
		return BC_DAMAGED; // no scan had this component
	for (int k = 0; k < 64; k++) {
		steps[k] = table->quantval[k];
		known[k] = !r->jpeg.progressive_mode || r->jpeg.coef_bits[component][k] == 0;
	}
	return BC_OK;
}

const char *bc_message(const bc_reader *r) { return r->message; }

void bc_close(bc_reader *r)
{
	if (r->created && !setjmp(r->out))
		jpeg_destroy_decompress(&r->jpeg);
	for (int i = 0; i < BC_COMPONENTS; i++) {
		free(r->arrays[i].window);
		free(r->arrays[i].lines);
	}
	if (r->temp >= 0)
		close(r->temp);
	free(r);
}
