// The C side of package vips: what cgo cannot say itself, which is macros,
// variadic calls, GValue and callbacks. Every name starts with bv_.
#ifndef BURNISH_VIPS_BRIDGE_H
#define BURNISH_VIPS_BRIDGE_H

#include <stdint.h>
#include <stdlib.h>
#include <vips/vips.h>

// Introspection (introspect.c). Strings belong to the class and live for ever.

typedef enum {
	BV_OTHER,
	BV_IMAGE,
	BV_IMAGES,
	BV_FLOAT,
	BV_INT,
	BV_BOOL,
	BV_ENUM,
	BV_FLAGS,
	BV_STRING,
	BV_FLOATS,
	BV_INTS,
	BV_BLOB,
	BV_INTERPOLATE
} bv_kind;

typedef struct {
	const char *name;
	const char *summary;
	const char *category;
	int flags; // VipsOperationFlags
} bv_operation;

typedef struct {
	const char *name;
	const char *summary;
	const char *text; // default of a string, enum or flags argument, or NULL
	GType type;
	bv_kind kind;
	int flags; // VipsArgumentFlags
	double number, min, max; // of a number or boolean; number is the default
} bv_argument;

GType *bv_types(GType base, int *n); // concrete types at base and below; g_free
void bv_describe(GType type, bv_operation *out);
bv_argument *bv_arguments(GType type, int *n); // g_free
const char **bv_members(GType type, int *n);   // nicks of an enum or flags type; g_free
const char *bv_nickname(GType type);
int bv_member(GType type, const char *nick, int *value); // of an enum or flags type; 0 when absent

// Orc, which compiles loops for libvips (orc.c).

const char *bv_orc_version(void); // NULL where it is not loaded
void bv_orc_guard(void);          // does without Orc where several threads would race in it
long bv_orc_compiled(void);       // loops compiled by one thread at a time

// Calls by name (call.c). Setters copy or reference what they are given.

void bv_set_image(VipsOperation *op, const char *name, VipsImage *image);
void bv_set_images(VipsOperation *op, const char *name, VipsImage **images, int n);
void bv_set_number(VipsOperation *op, const char *name, GType type, double value);
void bv_set_string(VipsOperation *op, const char *name, const char *value);
void bv_set_floats(VipsOperation *op, const char *name, const double *values, int n);
void bv_set_ints(VipsOperation *op, const char *name, const int *values, int n);
void bv_set_blob(VipsOperation *op, const char *name, const void *data, size_t size);
int bv_set_interpolate(VipsOperation *op, const char *name, const char *nick);

// What an operation gave for one argument. Exactly one of the fields is used,
// by kind; pointers are copies or references that the caller releases.
typedef struct {
	double number;
	char *text;
	void *data; // doubles, ints, images or bytes
	size_t size; // elements of data
	VipsImage *image;
} bv_value;

void bv_get(VipsOperation *op, const bv_argument *arg, bv_value *out);
void bv_release(VipsOperation *op);

// Images (image.c).

VipsImage *bv_copy(VipsImage *image);
VipsImage *bv_copy_typed(VipsImage *image, int interpretation);
void bv_unref(void *object);
int bv_is(VipsImage *image, const char *field, GType type);
guint64 bv_size(VipsImage *image); // bytes of the evaluated pixels
VipsImage *bv_to_memory(VipsImage *image);
int bv_in_memory(VipsImage *image);
#define BV_PROGRESS_EVERY (100 * G_TIME_SPAN_MILLISECOND) // at the most

gulong bv_on_progress(VipsImage *image, uintptr_t handle); // calls burnishAdvanced as it is evaluated
void bv_strip_metadata(VipsImage *image);
void bv_copy_metadata(VipsImage *from, VipsImage *to);
GType bv_type_int(void);
GType bv_type_string(void);
GType bv_type_ref_string(void);
GType bv_type_ints(void);
GType bv_type_blob(void);
GType bv_type_operation(void);
GType bv_type_interpolate(void);

// Sources (source.c).

VipsSource *bv_source_new(int fd); // takes the descriptor over; reads by position
void bv_set_source(VipsOperation *op, const char *name, VipsSource *source);

// Versions of codecs (codecs.c).

enum { BV_VERSION_TEXT, BV_VERSION_BYTES, BV_VERSION_THOUSANDS };

void bv_codec_version(const char *path, const char *function, int form, char *out, size_t size);

// Strips (strips.c).

#define BV_STRIPS_PREFIX "burnish-strips-"

typedef struct {
	int top, height, width, bands;
	size_t pixel;  // bytes
	size_t stride; // bytes
	void *pixels;
	int64_t waited; // microseconds that the pixels took to be made
} bv_rows;

typedef struct {
	uintptr_t handle; // of the Go operator; freed with the last image that carries it
	int height, above, below; // rows of the input
	int scale; // rows and columns of the output for each of the input
	int cheap; // a strip may be made again
	int *from; // of every strip that follows the one before: its first input row; NULL: above. Owned as handle is
	int bands, format, interpretation; // of the output
} bv_strips;

VipsImage *bv_strips_new(VipsImage *in, const bv_strips *strips);
uintptr_t *bv_strips_handles(VipsImage *image, int *n); // g_free
void bv_error(const char *domain, const char *text);

// Passes in through, reporting a failed read to the handle, which it owns in
// either case as bv_strips_new does.
VipsImage *bv_watch_new(VipsImage *in, uintptr_t handle);

// Adds the bytes of rows, step apart, to sums, column by column.
void bv_add_columns(const uint8_t *row, size_t step, size_t rows, uint16_t *sums, size_t columns);

extern int burnishStrip(uintptr_t handle, bv_rows *in, bv_rows *out);
extern void burnishStripFree(uintptr_t handle);
extern void burnishReadFailed(uintptr_t handle);

#endif
