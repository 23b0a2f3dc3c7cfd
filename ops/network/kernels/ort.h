#ifndef BURNISH_KERNELS_ORT_H
#define BURNISH_KERNELS_ORT_H

struct OrtApi;
struct OrtSessionOptions;

// burnish_kernels_register makes the operators of the domain "burnish", computed by
// a set of kernels, known to the sessions that are opened with these options. NULL, or a
// message that the caller frees. One call at a time.
char *burnish_kernels_register(struct OrtSessionOptions *options, const struct OrtApi *api, const char *set);

#endif
