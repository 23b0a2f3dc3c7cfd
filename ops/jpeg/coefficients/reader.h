// The C side of package coefficients: libjpeg, whose errors jump, stays below
// these functions, so that no jump crosses a frame of Go. Names start with bc_.
#ifndef BURNISH_COEFFICIENTS_READER_H
#define BURNISH_COEFFICIENTS_READER_H

#include <stdint.h>

#define BC_COMPONENTS 4

typedef enum { BC_OTHER, BC_GRAY, BC_YCBCR, BC_RGB } bc_space;

typedef enum {
	BC_OK = 0,
	BC_FAILED = -1,  // bc_message says why
	BC_DAMAGED = -2, // the entropy-coded data is damaged or missing from here on
} bc_status;

typedef struct {
	int h, v;      // sampling factors
	int columns;   // blocks of a row, padding included
} bc_component;

typedef struct {
	int width, height; // pixels
	int components;
	bc_space space;
	int many; // it has several scans
	int rows; // of units
	bc_component component[BC_COMPONENTS];
} bc_info;

typedef struct bc_reader bc_reader;

// Reads the header from a descriptor, by position: the descriptor stays the
// caller's, as does its offset. bc_close frees the reader in either case.
bc_reader *bc_new(int fd);
bc_status bc_header(bc_reader *r, bc_info *info);

// Prepares for the first row. Coefficients of several scans are kept up to that
// many bytes in memory, above in the file temp, which is then needed: the
// reader owns the descriptor. Otherwise it is -1.
bc_status bc_start(bc_reader *r, int temp, int64_t in_memory);
int64_t bc_kept(const bc_reader *r); // bytes of all coefficients, of several scans; after bc_header

// Reads the next row of units. blocks[c] then holds v rows of columns blocks of
// 64 values in natural order, until the next call. known[c] tells which of the
// 64 values the file gives in full, steps[c] their quantization steps.
bc_status bc_row(bc_reader *r, const int16_t *blocks[BC_COMPONENTS]);
bc_status bc_table(const bc_reader *r, int component, uint16_t steps[64], uint8_t known[64]);

const char *bc_message(const bc_reader *r);
void bc_close(bc_reader *r);

#endif
