#ifndef BURNISH_BLOCKS_ORT_H
#define BURNISH_BLOCKS_ORT_H

// burnish_blocks_register makes the operators of the domain "burnish" known to
// the sessions that are opened with these OrtSessionOptions. api is the table
// of functions (OrtApi) that the library gives. NULL, or a message that the
// caller frees. One call at a time.
char *burnish_blocks_register(void *options, const void *const *api);

// burnish_blocks_processor reports whether the processor has what Go does not
// tell of and compilers may use: byte swaps, half precision, counts of leading
// zeros.
int burnish_blocks_processor(void);

#endif
