#ifndef BURNISH_ONNX_NATIVE_H
#define BURNISH_ONNX_NATIVE_H

#include <stddef.h>

// What onnxruntime_go leaves out of ONNX Runtime's C API.

struct OrtApi;
struct OrtEnv;
struct OrtSession;

typedef struct BurnishOrt {
	void *handle; // of dlopen
	const struct OrtApi *api;
	struct OrtEnv *env; // holds one reference to the process-wide environment
} BurnishOrt;

// All of these return NULL or a message that the caller frees.

// burnish_ort_load opens a library and tells its version and its real path,
// which the caller frees.
char *burnish_ort_load(const char *lib, void **handle, char **version, char **path);

// burnish_ort_unload gives up a handle that was not taken over by start.
void burnish_ort_unload(void *handle);

// burnish_ort_start makes the environment, with messages going to Go. The
// library stays mapped for the rest of the process.
char *burnish_ort_start(BurnishOrt *o, void *handle, unsigned api_version);
void burnish_ort_stop(BurnishOrt *o);

// burnish_ort_providers lists the compiled-in providers, one a line.
char *burnish_ort_providers(const BurnishOrt *o, char **names);

// burnish_ort_end_profiling ends the profile of an OrtSession and tells its file.
char *burnish_ort_end_profiling(const BurnishOrt *o, struct OrtSession *session, char **name);

// Signal dispositions before and after foreign libraries are initialised.
void *burnish_signals_save(void);
void burnish_signals_restore(void *saved);

#endif
