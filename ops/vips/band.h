// Rows that a Go operator keeps (strips.c).
#ifndef BURNISH_VIPS_BAND_H
#define BURNISH_VIPS_BAND_H

#include <string.h>
#include <vips/vips.h>

// A band of neighbouring full-width rows of an image.
typedef struct {
	char *data;
	size_t row;  // bytes
	size_t room; // bytes
	int top, bottom;
} band;

static char *band_at(const band *b, int y) { return b->data + (size_t) (y - b->top) * b->row; }

static void band_free(band *b)
{
	if (b->data)
		vips_tracked_free(b->data);
	b->data = NULL;
	b->room = 0;
	b->top = b->bottom = 0;
}

// Lets go of the rows above top; of all where it does not touch the band.
static void band_from(band *b, int top)
{
	if (top < b->top || top > b->bottom) {
		b->top = b->bottom = top;
		return;
	}
	if (top > b->top && top < b->bottom)
		memmove(b->data, band_at(b, top), (size_t) (b->bottom - top) * b->row);
	b->top = top;
}

// Makes room for the rows from the band's top on.
static int band_reserve(band *b, int rows)
{
	size_t need = (size_t) rows * b->row;
	if (need <= b->room)
		return 0;
	char *data = vips_tracked_malloc(need);
	if (!data)
		return -1;
	if (b->bottom > b->top)
		memcpy(data, b->data, (size_t) (b->bottom - b->top) * b->row);
	if (b->data)
		vips_tracked_free(b->data);
	b->data = data;
	b->room = need;
	return 0;
}

#endif
