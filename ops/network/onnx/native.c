#define _GNU_SOURCE
#include "native.h"

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "onnxruntime_c_api.h"

typedef const OrtApiBase *(*GetApiBase)(void);

static char *failure(const char *text) { return strdup(text ? text : "unknown error"); }

// status turns an OrtStatus into a message and releases it.
static char *status(const OrtApi *api, OrtStatus *s) {
	if (!s)
		return NULL;
	char *text = failure(api->GetErrorMessage(s));
	api->ReleaseStatus(s);
	return text;
}

static void log_to_go(void *param, OrtLoggingLevel severity, const char *category, const char *id, const char *place, const char *text) {
	burnishOrtLog(severity, (char *) place, (char *) text);
}

char *burnish_ort_load(const char *lib, void **handle, char **version, char **path) {
	void *h = dlopen(lib, RTLD_NOW | RTLD_LOCAL);
	if (!h)
		return failure(dlerror());
	GetApiBase base = (GetApiBase) dlsym(h, "OrtGetApiBase");
	if (!base) {
		dlclose(h);
		return failure("not an ONNX Runtime library: it has no OrtGetApiBase");
	}
	Dl_info info;
	char real[PATH_MAX];
	if (!dladdr((void *) base, &info) || !realpath(info.dli_fname, real))
		strncpy(real, lib, sizeof real - 1)[sizeof real - 1] = 0;
	*handle = h;
	*version = strdup(base()->GetVersionString());
	*path = strdup(real);
	return NULL;
}

void burnish_ort_unload(void *handle) { dlclose(handle); }

char *burnish_ort_start(BurnishOrt *o, void *handle, unsigned api_version) {
	GetApiBase base = (GetApiBase) dlsym(handle, "OrtGetApiBase");
	const OrtApi *api = base ? base()->GetApi(api_version) : NULL;
	if (!api)
		return failure("the library does not offer the API version asked for");
	OrtEnv *env = NULL;
	char *err = status(api, api->CreateEnvWithCustomLogger(log_to_go, NULL, ORT_LOGGING_LEVEL_WARNING, "burnish", &env));
	if (err)
		return err;
	*o = (BurnishOrt){handle, api, env};
	return NULL;
}

void burnish_ort_stop(BurnishOrt *o) {
	if (o->env)
		o->api->ReleaseEnv(o->env);
	o->env = NULL;
}

char *burnish_ort_providers(const BurnishOrt *o, char **names) {
	char **list = NULL;
	int n = 0;
	char *err = status(o->api, o->api->GetAvailableProviders(&list, &n));
	if (err)
		return err;
	size_t size = 1;
	for (int i = 0; i < n; i++)
		size += strlen(list[i]) + 1;
	char *all = calloc(1, size);
	for (int i = 0; all && i < n; i++) {
		strcat(all, list[i]);
		strcat(all, "\n");
	}
	*names = all;
	return status(o->api, o->api->ReleaseAvailableProviders(list, n));
}

char *burnish_ort_end_profiling(const BurnishOrt *o, OrtSession *session, char **name) {
	OrtAllocator *allocator = NULL;
	char *text = NULL;
	char *err = status(o->api, o->api->GetAllocatorWithDefaultOptions(&allocator));
	if (!err)
		err = status(o->api, o->api->SessionEndProfiling(session, allocator, &text));
	if (err)
		return err;
	*name = failure(text);
	return status(o->api, o->api->AllocatorFree(allocator, text));
}

void *burnish_signals_save(void) {
	struct sigaction *saved = calloc(NSIG, sizeof *saved);
	for (int s = 1; saved && s < NSIG; s++)
		sigaction(s, NULL, &saved[s]); // the two that libc keeps for itself fail and stay zero
	return saved;
}

void burnish_signals_restore(void *p) {
	struct sigaction *saved = p, now;
	for (int s = 1; saved && s < NSIG; s++) {
		if (sigaction(s, NULL, &now) != 0)
			continue;
		if (now.sa_sigaction != saved[s].sa_sigaction || now.sa_flags != saved[s].sa_flags)
			sigaction(s, &saved[s], NULL);
	}
	free(saved);
}
