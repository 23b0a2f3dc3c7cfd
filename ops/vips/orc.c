// Libvips before 8.15 compiles its fast loops with Orc, and Orc before 0.4.34
// splits and merges the memory for compiled code without a lock: threads that
// build and drop operations at the same time corrupt its list, which crashes the
// process or lets two loops share one piece of memory. (Debian 12 has 0.4.33.)
//
// An executable's functions take precedence over those of the libraries it is
// linked with, so libvips calls the two below, which let one thread in at a time.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // RTLD_NEXT
#endif
#include "bridge.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <vips/vector.h>

#ifdef __ELF__

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int (*compile)(void *program);
static void (*release)(void *program);
static long compiled;

static void find(void)
{
	*(void **) &compile = dlsym(RTLD_NEXT, "orc_program_compile");
	*(void **) &release = dlsym(RTLD_NEXT, "orc_program_free");
}

__attribute__((visibility("default"))) int orc_program_compile(void *program)
{
	pthread_once(&once, find);
	pthread_mutex_lock(&one_at_a_time);
	int result = compile(program);
	compiled++;
	pthread_mutex_unlock(&one_at_a_time);
	return result;
}

__attribute__((visibility("default"))) void orc_program_free(void *program)
{
	pthread_once(&once, find);
	pthread_mutex_lock(&one_at_a_time);
	release(program);
	pthread_mutex_unlock(&one_at_a_time);
}

long bv_orc_compiled(void)
{
	pthread_mutex_lock(&one_at_a_time);
	long n = compiled;
	pthread_mutex_unlock(&one_at_a_time);
	return n;
}

static int guarded(void)
{
	return dlsym(RTLD_DEFAULT, "orc_program_compile") == (void *) orc_program_compile &&
		dlsym(RTLD_DEFAULT, "orc_program_free") == (void *) orc_program_free;
}

#else

long bv_orc_compiled(void) { return 0; }
static int guarded(void) { return 0; }

#endif

const char *bv_orc_version(void)
{
	const char *(*version)(void);
	*(void **) &version = dlsym(RTLD_DEFAULT, "orc_version_string");
	return version ? version() : NULL;
}

static int races(void)
{
	int major, minor, micro;
	const char *version = bv_orc_version();
	if (!version || sscanf(version, "%d.%d.%d", &major, &minor, &micro) != 3)
		return 0;
	if (major > 0 || minor > 4 || (minor == 4 && micro >= 34))
		return 0;
	return !guarded();
}

void bv_orc_guard(void)
{
	if (races())
		vips_vector_set_enabled(FALSE);
}
