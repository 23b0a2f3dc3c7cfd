#ifndef BURNISH_KERNELS_ORT_H
#define BURNISH_KERNELS_ORT_H

struct OrtApi;
struct OrtSessionOptions;

// burnish_kernels_register makes the operators of the domain "burnish" known to
// the sessions that are opened with these options. NULL, or a message that the
// caller frees. One call at a time.
char *burnish_kernels_register(struct OrtSessionOptions *options, const struct OrtApi *api);

// burnish_kernels_processor reports whether the processor has what Go does not
// tell of and compilers may use: byte swaps, half precision, counts of leading
// zeros.
int burnish_kernels_processor(void);

#endif
