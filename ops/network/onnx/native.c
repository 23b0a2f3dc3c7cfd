#define _GNU_SOURCE
#include "native.h"

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

enum { // places in OrtApi
	GET_ERROR_MESSAGE = 2,
	CREATE_ENV_WITH_CUSTOM_LOGGER = 4,
	ALLOCATOR_FREE = 76,
	GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = 78,
	RELEASE_ENV = 92,
	RELEASE_STATUS = 93,
	SESSION_END_PROFILING = 110,
	GET_AVAILABLE_PROVIDERS = 125,
	RELEASE_AVAILABLE_PROVIDERS = 126,
};

enum { LOG_WARNING = 2 };

typedef struct {
	const void *const *(*get_api)(uint32_t version);
	const char *(*get_version_string)(void);
} ApiBase;

typedef const ApiBase *(*GetApiBase)(void);
typedef void (*LogFunction)(void *, int, const char *, const char *, const char *, const char *);

static char *failure(const char *text) { return strdup(text ? text : "unknown error"); }

// status turns an OrtStatus into a message and releases it.
static char *status(const void *const *api, void *s) {
	if (!s)
		return NULL;
	char *text = failure(((const char *(*)(void *)) api[GET_ERROR_MESSAGE])(s));
	((void (*)(void *)) api[RELEASE_STATUS])(s);
	return text;
}

static void log_to_go(void *param, int severity, const char *category, const char *id, const char *place, const char *text) {
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
	*version = strdup(base()->get_version_string());
	*path = strdup(real);
	return NULL;
}

void burnish_ort_unload(void *handle) { dlclose(handle); }

char *burnish_ort_start(BurnishOrt *o, void *handle, unsigned api_version) {
	GetApiBase base = (GetApiBase) dlsym(handle, "OrtGetApiBase");
	const void *const *api = base ? base()->get_api(api_version) : NULL;
	if (!api)
		return failure("the library does not offer the API version asked for");
	void *(*create)(LogFunction, void *, int, const char *, void **) = api[CREATE_ENV_WITH_CUSTOM_LOGGER];
	void *env = NULL;
	char *err = status(api, create(log_to_go, NULL, LOG_WARNING, "burnish", &env));
	if (err)
		return err;
	o->handle = handle;
	o->api = api;
	o->env = env;
	return NULL;
}

void burnish_ort_stop(BurnishOrt *o) {
	if (o->env)
		((void (*)(void *)) o->api[RELEASE_ENV])(o->env);
	o->env = NULL;
}

char *burnish_ort_providers(const BurnishOrt *o, char **names) {
	char **list = NULL;
	int n = 0;
	char *err = status(o->api, ((void *(*)(char ***, int *)) o->api[GET_AVAILABLE_PROVIDERS])(&list, &n));
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
	return status(o->api, ((void *(*)(char **, int)) o->api[RELEASE_AVAILABLE_PROVIDERS])(list, n));
}

char *burnish_ort_end_profiling(const BurnishOrt *o, void *session, char **name) {
	void *allocator = NULL;
	char *text = NULL;
	char *err = status(o->api, ((void *(*)(void **)) o->api[GET_ALLOCATOR_WITH_DEFAULT_OPTIONS])(&allocator));
	if (!err)
		err = status(o->api, ((void *(*)(void *, void *, char **)) o->api[SESSION_END_PROFILING])(session, allocator, &text));
	if (err)
		return err;
	*name = failure(text);
	return status(o->api, ((void *(*)(void *, void *)) o->api[ALLOCATOR_FREE])(allocator, text));
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
