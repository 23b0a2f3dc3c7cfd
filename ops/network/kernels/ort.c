//go:build linux && (amd64 || arm64)

#include "ort.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"
#include "memory.h"
#include "onnxruntime_c_api.h"

// The blocks as operators of ONNX Runtime, in the domain "burnish": each takes
// features as N x C x H x W and the block's weights, which have to be constant,
// and gives features.

// Operator is an OrtCustomOp that knows its kind.
typedef struct {
	OrtCustomOp op;
	const Kind *kind;
} Operator;

static const Kind *kind_of(const OrtCustomOp *op) { return ((const Operator *) op)->kind; }

typedef struct {
	const OrtApi *api;
	const Kind *kind;
	Shape shape;
	void *block;
} Kernel;

static OrtStatus *fail(const OrtApi *api, const char *why) { return api->CreateStatus(ORT_FAIL, why); }

static const char *name(const OrtCustomOp *o) { return kind_of(o)->name; }
static const char *provider(const OrtCustomOp *o) { return (void) o, NULL; }
static ONNXTensorElementDataType type(const OrtCustomOp *o, size_t i) { return (void) o, (void) i, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
static size_t two(const OrtCustomOp *o) { return (void) o, 2; }
static size_t one(const OrtCustomOp *o) { return (void) o, 1; }
static int yes(const OrtCustomOp *o) { return (void) o, 1; }
static OrtCustomOpInputOutputCharacteristic input_characteristic(const OrtCustomOp *o, size_t i) {
	return (void) o, i == 1 ? INPUT_OUTPUT_VARIADIC : INPUT_OUTPUT_REQUIRED;
}
static OrtCustomOpInputOutputCharacteristic output_characteristic(const OrtCustomOp *o, size_t i) {
	return (void) o, (void) i, INPUT_OUTPUT_REQUIRED;
}
static OrtMemType memory(const OrtCustomOp *o, size_t i) { return (void) o, (void) i, OrtMemTypeDefault; }

// tensor reads where a tensor's numbers lie, how many they are, and its first dimension.
static OrtStatus *tensor(const OrtApi *api, const OrtValue *value, const float **data, size_t *count, int *first) {
	OrtTensorTypeAndShapeInfo *info = NULL;
	int64_t dimension = 0;
	OrtStatus *s = api->GetTensorTypeAndShape(value, &info);
	if (!s)
		s = api->GetTensorShapeElementCount(info, count);
	if (!s)
		s = api->GetDimensions(info, &dimension, 1);
	*first = dimension > 0 && dimension < INT32_MAX ? dimension : 0;
	if (info)
		api->ReleaseTensorTypeAndShapeInfo(info);
	return s ? s : api->GetTensorMutableData((OrtValue *) value, (void **) data);
}

static void destroy(void *kernel) {
	Kernel *k = kernel;
	k->kind->free(k->block);
	free(k);
	scratch_trim();
}

static OrtStatus *read_weights(const OrtApi *api, const OrtKernelInfo *info, Weights *w) {
	size_t inputs = 0;
	OrtStatus *s = api->KernelInfo_GetInputCount(info, &inputs);
	if (s)
		return s;
	if (inputs < 2 || inputs > MOST_WEIGHTS)
		return fail(api, "a block of too few or too many weights");
	*w = (Weights){.count = inputs - 1};
	for (int i = w->count - 1; i >= 0; i--) { // the first one last, whose dimension stays
		int constant = 0;
		const OrtValue *value = NULL;
		s = api->KernelInfoGetConstantInput_tensor(info, i + 1, &constant, &value);
		if (!s && !(constant && value))
			s = fail(api, "a block whose weights are not constant");
		if (!s)
			s = tensor(api, value, &w->p[i], &w->sizes[i], &w->first);
		if (s)
			return s;
	}
	return NULL;
}

static OrtStatus *create(const OrtCustomOp *o, const OrtApi *api, const OrtKernelInfo *info, void **kernel) {
	Weights w;
	OrtStatus *s = read_weights(api, info, &w);
	if (s)
		return s;
	Kernel *k = calloc(1, sizeof *k);
	if (!k)
		return fail(api, "out of memory");
	k->api = api;
	k->kind = kind_of(o);
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
	const OrtApi *api;
	OrtKernelContext *context;
} Host;

static void parallel_for(const Pool *pool, void (*work)(void *, size_t), void *data, size_t n) {
	const Host *h = pool->self;
	OrtStatus *s = h->api->KernelContext_ParallelFor(h->context, work, n, 0, data);
	if (!s)
		return;
	h->api->ReleaseStatus(s);
	for (size_t i = 0; i < n; i++)
		work(data, i);
}

static OrtStatus *compute(void *kernel, OrtKernelContext *context) {
	const Kernel *k = kernel;
	const OrtApi *api = k->api;
	const OrtValue *x = NULL;
	OrtValue *y = NULL;
	OrtTensorTypeAndShapeInfo *info = NULL;
	int64_t d[4] = {0};
	size_t rank = 0;
	OrtStatus *s = api->KernelContext_GetInput(context, 0, &x);
	if (!s)
		s = api->GetTensorTypeAndShape(x, &info);
	if (!s)
		s = api->GetDimensionsCount(info, &rank);
	if (!s && rank == 4)
		s = api->GetDimensions(info, d, 4);
	if (info)
		api->ReleaseTensorTypeAndShapeInfo(info);
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
	s = api->KernelContext_GetOutput(context, 0, out, 4, &y);
	if (!s)
		s = api->GetTensorMutableData((OrtValue *) x, (void **) &from);
	if (!s)
		s = api->GetTensorMutableData(y, (void **) &to);
	Host host = {api, context};
	const Pool pool = {parallel_for, &host};
	for (int64_t i = 0; !s && i < d[0]; i++, from += d[1] * d[2] * d[3], to += out[1] * out[2] * out[3])
		if (!k->kind->run(k->block, &pool, from, to, d[2], d[3]))
			s = fail(api, "out of memory");
	if (s)
		scratch_trim(); // what comes next is tried with less
	return s;
}

static int any_version(const OrtCustomOp *o) { return (void) o, INT32_MAX; }

static Operator operator_of(const Kind *kind) {
	return (Operator){
	    .op =
	        {
	            .version = ORT_API_VERSION, .GetName = name, .GetExecutionProviderType = provider, .GetInputType = type, .GetInputTypeCount = two,
	            .GetOutputType = type, .GetOutputTypeCount = one, .KernelDestroy = destroy, .GetInputCharacteristic = input_characteristic,
	            .GetOutputCharacteristic = output_characteristic, .GetInputMemoryType = memory, .GetVariadicInputMinArity = yes,
	            .GetVariadicInputHomogeneity = yes, .GetVariadicOutputMinArity = yes, .GetVariadicOutputHomogeneity = yes,
	            .CreateKernelV2 = create, .KernelComputeV2 = compute, .GetStartVersion = yes, .GetEndVersion = any_version,
	        },
	    .kind = kind,
	};
}

// domain_of makes the domain of a set of kernels, whose operators it fills in.
static OrtStatus *domain_of(const OrtApi *api, const Kind *kinds, Operator *operators, OrtCustomOpDomain **domain) {
	OrtCustomOpDomain *d = NULL;
	OrtStatus *s = api->CreateCustomOpDomain("burnish", &d);
	for (int i = 0; !s && i < KINDS; i++) {
		operators[i] = operator_of(&kinds[i]);
		s = api->CustomOpDomain_Add(d, &operators[i].op);
	}
	if (!s)
		*domain = d;
	return s;
}

char *burnish_kernels_register(OrtSessionOptions *options, const OrtApi *api, const char *name) {
	static OrtCustomOpDomain *domains[MOST_SETS]; // for the whole process: sessions refer to both
	static Operator operators[MOST_SETS][KINDS];
	int i = 0;
	while (sets[i].name && strcmp(sets[i].name, name))
		i++;
	if (!sets[i].name)
		return strdup("no such set of kernels");
	OrtStatus *s = NULL;
	if (!domains[i])
		s = domain_of(api, sets[i].kinds, operators[i], &domains[i]);
	if (!s)
		s = api->AddCustomOpDomain(options, domains[i]);
	if (!s)
		return NULL;
	char *text = strdup(api->GetErrorMessage(s));
	api->ReleaseStatus(s);
	return text;
}
