// Writes the JPEGs of this folder, codings that common encoders do not offer:
//   cc -o make make.c -ljpeg -lm && ./make FOLDER
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct {
	const char *name;
	int width, height, quality;
	J_COLOR_SPACE from, to;
	int h[4], v[4];
	int progressive, arithmetic, restart, parted, wide;
} form;

static const jpeg_scan_info parts[] = { { 1, { 0 }, 0, 63, 0, 0 }, { 1, { 1 }, 0, 63, 0, 0 }, { 1, { 2 }, 0, 63, 0, 0 } };

static const form forms[] = {
	{ "420", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 2, 1, 1 }, { 2, 1, 1 } },
	{ "422-restart", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 2, 1, 1 }, { 1, 1, 1 }, .restart = 2 },
	{ "440", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 1, 1, 1 }, { 2, 1, 1 } },
	{ "411", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 4, 1, 1 }, { 1, 1, 1 } },
	{ "410", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 4, 1, 1 }, { 2, 1, 1 } },
	{ "chroma-finer", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 1, 2, 2 }, { 1, 2, 2 } },
	{ "uneven", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 2, 2, 1 }, { 2, 1, 2 } },
	{ "gray-22", 67, 45, 60, JCS_GRAYSCALE, JCS_GRAYSCALE, { 2 }, { 2 } },
	{ "rgb", 67, 45, 60, JCS_RGB, JCS_RGB, { 1, 1, 1 }, { 1, 1, 1 } },
	{ "cmyk", 67, 45, 60, JCS_CMYK, JCS_CMYK, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } },
	{ "progressive", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 2, 1, 1 }, { 2, 1, 1 }, .progressive = 1, .restart = 3 },
	{ "arithmetic", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 2, 1, 1 }, { 2, 1, 1 }, .arithmetic = 1 },
	{ "parted", 67, 45, 60, JCS_RGB, JCS_YCbCr, { 2, 1, 1 }, { 2, 1, 1 }, .parted = 1 },
	{ "wide-steps", 67, 45, 3, JCS_RGB, JCS_YCbCr, { 2, 1, 1 }, { 2, 1, 1 }, .wide = 1 },
};

static void row(JSAMPLE *p, const form *f, int y)
{
	int n = f->from == JCS_GRAYSCALE ? 1 : f->from == JCS_CMYK ? 4 : 3;
	for (int x = 0; x < f->width; x++)
		for (int c = 0; c < n; c++) {
			double v = 128 + 90 * sin(x * (c + 1) / 9.0) * cos(y * (3 - c) / 11.0);
			v += (x / 13 + y / 9) % 2 ? 30 : -30;
			p[x * n + c] = v < 0 ? 0 : v > 255 ? 255 : (int) v;
		}
}

static void write_form(const char *folder, const form *f)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/%s.jpg", folder, f->name);
	FILE *file = fopen(path, "wb");
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr e;
	c.err = jpeg_std_error(&e);
	jpeg_create_compress(&c);
	jpeg_stdio_dest(&c, file);
	c.image_width = f->width;
	c.image_height = f->height;
	c.input_components = f->from == JCS_GRAYSCALE ? 1 : f->from == JCS_CMYK ? 4 : 3;
	c.in_color_space = f->from;
	jpeg_set_defaults(&c);
	jpeg_set_colorspace(&c, f->to);
	jpeg_set_quality(&c, f->quality, !f->wide);
	for (int i = 0; i < c.num_components; i++) {
		c.comp_info[i].h_samp_factor = f->h[i];
		c.comp_info[i].v_samp_factor = f->v[i];
	}
	c.arith_code = f->arithmetic;
	c.restart_interval = f->restart;
	if (f->progressive)
		jpeg_simple_progression(&c);
	if (f->parted) {
		c.scan_info = parts;
		c.num_scans = 3;
	}
	jpeg_start_compress(&c, TRUE);
	JSAMPLE line[4096], *lines[] = { line };
	while (c.next_scanline < c.image_height) {
		row(line, f, c.next_scanline);
		jpeg_write_scanlines(&c, lines, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	fclose(file);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(forms) / sizeof(forms[0]); i++)
		write_form(argv[1], &forms[i]);
	return argc != 2;
}
