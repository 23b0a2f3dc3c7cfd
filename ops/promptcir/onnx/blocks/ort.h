#ifndef BURNISH_BLOCKS_ORT_H
#define BURNISH_BLOCKS_ORT_H

// burnish_blocks_register makes the operators of the domain "burnish" known to
// the sessions that are opened with these OrtSessionOptions. api is the table
// of functions (OrtApi) that the library gives. NULL, or a message that the
// caller frees. One call at a time.
char *burnish_blocks_register(void *options, const void *const *api);

#endif
