//go:build amd64 && linux

#include "ort.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"

// The blocks as operators of ONNX Runtime, in the domain "burnish": each takes
// features as N x C x H x W and the block's weights, which have to be constant,
// and gives features. The library's C API is a table of functions in a frozen
// order; those needed are named by place.
enum {
	CREATE_STATUS = 0,
	GET_ERROR_MESSAGE = 2,
	CREATE_CUSTOM_OP_DOMAIN = 26,
	CUSTOM_OP_DOMAIN_ADD = 27,
	ADD_CUSTOM_OP_DOMAIN = 28,
	GET_TENSOR_MUTABLE_DATA = 51,
	GET_DIMENSIONS_COUNT = 61,
	GET_DIMENSIONS = 62,
	GET_TENSOR_SHAPE_ELEMENT_COUNT = 64,
	GET_TENSOR_TYPE_AND_SHAPE = 65,
	KERNEL_CONTEXT_GET_INPUT = 90,
	KERNEL_CONTEXT_GET_OUTPUT = 91,
	RELEASE_STATUS = 93,
	RELEASE_TENSOR_TYPE_AND_SHAPE = 99,
	KERNEL_INFO_GET_INPUT_COUNT = 230,
	KERNEL_INFO_GET_CONSTANT_INPUT = 249,
	PARALLEL_FOR = 274,
};

enum { FAILED = 1, FLOAT = 1, VARIADIC = 2, OP_VERSION = 18 };

typedef void *Status;
typedef const void *const *Api;

// Operator is OrtCustomOp, as of version 18.
typedef struct Operator {
	uint32_t version;
	void *create;
	const char *(*name)(const struct Operator *);
	const char *(*provider)(const struct Operator *);
	int (*input_type)(const struct Operator *, size_t);
	size_t (*input_count)(const struct Operator *);
	int (*output_type)(const struct Operator *, size_t);
	size_t (*output_count)(const struct Operator *);
	void *compute;
	void (*destroy)(void *);
	int (*input_kind)(const struct Operator *, size_t);
	int (*output_kind)(const struct Operator *, size_t);
	int (*input_memory)(const struct Operator *, size_t);
	int (*variadic_least)(const struct Operator *);
	int (*variadic_alike)(const struct Operator *);
	int (*variadic_output_least)(const struct Operator *);
	int (*variadic_output_alike)(const struct Operator *);
	Status (*create_v2)(const struct Operator *, Api, const void *, void **);
	Status (*compute_v2)(void *, void *);
	Status (*infer_shape)(const struct Operator *, void *);
	int (*first_version)(const struct Operator *);
	int (*last_version)(const struct Operator *);
	void *may_inplace, *release_inplace, *aliases, *release_aliases;
	const struct Kind *kind;
} Operator;

typedef struct {
	Api api;
	const Kind *kind;
	Shape shape;
	void *block;
} Kernel;

static Status fail(Api api, const char *why) { return ((Status(*)(int, const char *)) api[CREATE_STATUS])(FAILED, why); }
static void forget(Api api, Status s) { ((void (*)(Status)) api[RELEASE_STATUS])(s); }

static const char *name(const Operator *o) { return o->kind->name; }
static const char *provider(const Operator *o) { return (void) o, NULL; }
static int type(const Operator *o, size_t i) { return (void) o, (void) i, FLOAT; }
static size_t two(const Operator *o) { return (void) o, 2; }
static size_t one(const Operator *o) { return (void) o, 1; }
static int yes(const Operator *o) { return (void) o, 1; }
static int input_kind(const Operator *o, size_t i) { return (void) o, i == 1 ? VARIADIC : 0; }
static int output_kind(const Operator *o, size_t i) { return (void) o, (void) i, 0; }
static int memory(const Operator *o, size_t i) { return (void) o, (void) i, 0; }

// tensor reads where a tensor's numbers lie, how many they are, and its first dimension.
static Status tensor(Api api, const void *value, const float **data, size_t *count, int *first) {
	void *info = NULL;
	int64_t dimension = 0;
	Status s = ((Status(*)(const void *, void **)) api[GET_TENSOR_TYPE_AND_SHAPE])(value, &info);
	if (!s)
		s = ((Status(*)(const void *, size_t *)) api[GET_TENSOR_SHAPE_ELEMENT_COUNT])(info, count);
	if (!s)
		s = ((Status(*)(const void *, int64_t *, size_t)) api[GET_DIMENSIONS])(info, &dimension, 1);
	*first = dimension > 0 && dimension < INT32_MAX ? dimension : 0;
	if (info)
		((void (*)(void *)) api[RELEASE_TENSOR_TYPE_AND_SHAPE])(info);
	return s ? s : ((Status(*)(const void *, void **)) api[GET_TENSOR_MUTABLE_DATA])(value, (void **) data);
}

static void destroy(void *kernel) {
	Kernel *k = kernel;
	k->kind->free(k->block);
	free(k);
	memory_release();
}

static Status read_weights(Api api, const void *info, Weights *w) {
	size_t inputs = 0;
	Status s = ((Status(*)(const void *, size_t *)) api[KERNEL_INFO_GET_INPUT_COUNT])(info, &inputs);
	if (s)
		return s;
	if (inputs < 2 || inputs > MOST_WEIGHTS)
		return fail(api, "a block of too few or too many weights");
	*w = (Weights){.count = inputs - 1};
	for (int i = w->count - 1; i >= 0; i--) { // the first one last, whose dimension stays
		int constant = 0;
		const void *value = NULL;
		s = ((Status(*)(const void *, size_t, int *, const void **)) api[KERNEL_INFO_GET_CONSTANT_INPUT])(info, i + 1, &constant, &value);
		if (!s && !(constant && value))
			s = fail(api, "a block whose weights are not constant");
		if (!s)
			s = tensor(api, value, &w->p[i], &w->sizes[i], &w->first);
		if (s)
			return s;
	}
	return NULL;
}

static Status create(const Operator *o, Api api, const void *info, void **kernel) {
	Weights w;
	Status s = read_weights(api, info, &w);
	if (s)
		return s;
	Kernel *k = calloc(1, sizeof *k);
	if (!k)
		return fail(api, "out of memory");
	k->api = api;
	k->kind = o->kind;
	const char *why = NULL;
	k->block = k->kind->make(&w, &k->shape, &why);
	if (!k->block) {
		free(k);
		return fail(api, why ? why : "out of memory");
	}
	*kernel = k;
	return NULL;
}

typedef struct {
	Api api;
	void *context;
} Host;

static void spread_out(const Pool *pool, void (*work)(void *, size_t), void *data, size_t n) {
	const Host *h = pool->self;
	Status (*run)(void *, void (*)(void *, size_t), size_t, size_t, void *) = h->api[PARALLEL_FOR];
	Status s = run(h->context, work, n, 0, data);
	if (!s)
		return;
	forget(h->api, s);
	for (size_t i = 0; i < n; i++)
		work(data, i);
}

static Status compute(void *kernel, void *context) {
	const Kernel *k = kernel;
	const Api api = k->api;
	const void *x = NULL;
	void *y = NULL, *info = NULL;
	int64_t d[4] = {0};
	size_t rank = 0;
	Status s = ((Status(*)(const void *, size_t, const void **)) api[KERNEL_CONTEXT_GET_INPUT])(context, 0, &x);
	if (!s)
		s = ((Status(*)(const void *, void **)) api[GET_TENSOR_TYPE_AND_SHAPE])(x, &info);
	if (!s)
		s = ((Status(*)(const void *, size_t *)) api[GET_DIMENSIONS_COUNT])(info, &rank);
	if (!s && rank == 4)
		s = ((Status(*)(const void *, int64_t *, size_t)) api[GET_DIMENSIONS])(info, d, 4);
	if (info)
		((void (*)(void *)) api[RELEASE_TENSOR_TYPE_AND_SHAPE])(info);
	if (s)
		return s;
	const Shape *b = &k->shape;
	if (rank != 4 || d[0] < 1 || d[1] != b->in || d[2] < 1 || d[3] < 1 || d[2] > INT32_MAX / 2 || d[3] > INT32_MAX / 2 || d[2] % b->multiple || d[3] % b->multiple) {
		char why[160];
		snprintf(why, sizeof why, "a block of %d channels got %lld x %lld x %lld x %lld; sides must be multiples of %d", b->in,
		         (long long) d[0], (long long) d[1], (long long) d[2], (long long) d[3], b->multiple);
		return fail(api, why);
	}
	const int64_t out[4] = {d[0], b->out, d[2] * b->up / b->down, d[3] * b->up / b->down};
	const float *from = NULL;
	float *to = NULL;
	s = ((Status(*)(void *, size_t, const int64_t *, size_t, void **)) api[KERNEL_CONTEXT_GET_OUTPUT])(context, 0, out, 4, &y);
	if (!s)
		s = ((Status(*)(const void *, void **)) api[GET_TENSOR_MUTABLE_DATA])(x, (void **) &from);
	if (!s)
		s = ((Status(*)(void *, void **)) api[GET_TENSOR_MUTABLE_DATA])(y, (void **) &to);
	Host host = {api, context};
	const Pool pool = {spread_out, &host};
	for (int64_t i = 0; !s && i < d[0]; i++, from += d[1] * d[2] * d[3], to += out[1] * out[2] * out[3])
		if (!k->kind->run(k->block, &pool, from, to, d[2], d[3]))
			s = fail(api, "out of memory");
	if (s)
		memory_release(); // what comes next is tried with less
	return s;
}

static int any_version(const Operator *o) { return (void) o, INT32_MAX; }

static Operator operator_of(const Kind *kind) {
	return (Operator){
	    .version = OP_VERSION, .name = name, .provider = provider, .input_type = type, .input_count = two, .output_type = type,
	    .output_count = one, .destroy = destroy, .input_kind = input_kind, .output_kind = output_kind, .input_memory = memory,
	    .variadic_least = yes, .variadic_alike = yes, .variadic_output_least = yes, .variadic_output_alike = yes, .create_v2 = create,
	    .compute_v2 = compute, .first_version = yes, .last_version = any_version, .kind = kind,
	};
}

char *burnish_blocks_register(void *options, const void *const *api) {
	static void *domain; // for the whole process: sessions refer to both
	static Operator operators[KINDS];
	Status s = NULL;
	if (!domain) {
		void *d = NULL;
		s = ((Status(*)(const char *, void **)) api[CREATE_CUSTOM_OP_DOMAIN])("burnish", &d);
		for (int i = 0; !s && i < KINDS; i++) {
			operators[i] = operator_of(&kinds[i]);
			s = ((Status(*)(void *, const void *)) api[CUSTOM_OP_DOMAIN_ADD])(d, &operators[i]);
		}
		if (!s)
			domain = d;
	}
	if (!s)
		s = ((Status(*)(void *, void *)) api[ADD_CUSTOM_OP_DOMAIN])(options, domain);
	if (!s)
		return NULL;
	char *text = strdup(((const char *(*)(Status)) api[GET_ERROR_MESSAGE])(s));
	forget(api, s);
	return text;
}
