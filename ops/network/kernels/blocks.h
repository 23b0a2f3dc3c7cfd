#ifndef BURNISH_KERNELS_H
#define BURNISH_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "gemm.h"
#include "kinds.h"
#include "memory.h"

// The network's blocks on features of h x w pixels with c channels each, c a
// multiple of PANEL. Features of a pixel lie together, pixels of a row too.
// Functions that return bool return false if there is no memory.

// Features are c channels of h x w pixels; a row of pixels is `row` floats
// after the one above.
typedef struct {
	float *p;
	int h, w, c;
	ptrdiff_t row;
} Features;

// Norm is LayerNorm's scale and shift, c each.
typedef struct {
	const float *scale, *shift;
} Norm;

// Expand widens features: LayerNorm, a 1x1 and a depthwise 3x3 convolution.
typedef struct {
	int c, wide;
	unit *in;             // 1x1, with the norm's scale and shift in it
	float *in_bias;
	float *deep;          // depthwise: 9 x wide
	float *deep_bias;    // wide
} Expand;

// Weights of convolutions come as out x in x height x width; a bias may be NULL.
static bool expand_make(Expand *s, int c, int wide, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias);
static void expand_free(Expand *s);

// Gdfn is GDFN with its LayerNorm and the sum around both.
typedef struct {
	Expand expand; // to 2 x hidden
	int hidden;
	unit *out;
	float *out_bias;
} Gdfn;

static bool gdfn_make(Gdfn *g, int c, int hidden, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias,
                const float *out, const float *out_bias);
static void gdfn_free(Gdfn *g);

// gdfn_run writes x + GDFN(LayerNorm(x)) to y, which is not x.
static bool gdfn_run(const Gdfn *g, const Pool *pool, Features x, Features y);

// Mdta is MDTA, attention between channels, with its LayerNorm and the sum around both.
typedef struct {
	Expand expand; // to q, k and v
	int heads;
	float *temperature; // heads
	float *out;         // c x c, in x out
} Mdta;

// mdta_make takes the last convolution as heads x out x channel of the head.
static bool mdta_make(Mdta *a, int c, int heads, Norm n, const float *temperature, const float *qkv, const float *deep, const float *out);
static void mdta_free(Mdta *a);

// mdta_run writes x + MDTA(LayerNorm(x)) to y, which is not x. v is memory for as many floats as x has.
static bool mdta_run(const Mdta *a, const Pool *pool, Features x, Features y, float *v);

// Rhag is RHAG: hybrid attention blocks, overlapping attention, a convolution.
typedef struct Rhag Rhag;

// rhag_make takes the weights in the order in which the blocks use them; see rhag-inl.h.
static Rhag *rhag_make(int c, const float *const *weights, const size_t *sizes, int count, const char **why);
static void rhag_free(Rhag *g);

// rhag_multiple is what h and w must be multiples of.
static int rhag_multiple(const Rhag *g);

// rhag_run writes RHAG(x) to y, planes of h x w both.
static bool rhag_run(const Rhag *g, const Pool *pool, const float *x, float *y, int h, int w);

// Transformer is a transformer block: Mdta, then Gdfn.
typedef struct Transformer Transformer;
static Transformer *transformer_make(int c, const float *const *weights, const size_t *sizes, int count, const char **why);
static void transformer_free(Transformer *t);
static bool transformer_run(const Transformer *t, const Pool *pool, const float *x, float *y, int h, int w);

enum { TRANSFORMER_WEIGHTS = 11 };

// transformer_within puts the answer to x in its place; second and third are memory for as many numbers each.
static bool transformer_within(const Transformer *t, const Pool *pool, Features x, float *second, float *third);

// Prompt is PromptCIR's prompt interaction: the dynamic prompt of every pixel beside its
// features, a transformer block on both, and a 1x1 convolution.
typedef struct Prompt Prompt;
static Prompt *prompt_make(const float *const *weights, const size_t *sizes, int count, const char **why);
static void prompt_free(Prompt *a);
static int prompt_in(const Prompt *a); // channels
static int prompt_out(const Prompt *a);
static bool prompt_run(const Prompt *a, const Pool *pool, const float *x, float *y, int h, int w);

// Shuffle is a 3x3 convolution between resolutions: with pixels of a square of two by two laid out
// as channels after it (down), or the other way round (up).
typedef struct Shuffle Shuffle;

// shuffle_make takes out x in x 3 x 3, in a multiple of PANEL; why is as for the others.
static Shuffle *shuffle_make(bool up, int out, const float *weights, size_t size, const char **why);
static void shuffle_free(Shuffle *s);
static int shuffle_in(const Shuffle *s); // channels
static int shuffle_out(const Shuffle *s);
static bool shuffle_run(const Shuffle *s, const Pool *pool, const float *x, float *y, int h, int w);

// Of layout-inl.h.

// normalise is LayerNorm of n pixels without scale and shift.
static void normalise(const float *x, num *y, int n, int c);

// normalise_by is LayerNorm of n pixels.
static void normalise_by(Norm by, const float *x, float *y, int n, int c);

// from_planes and to_planes change between c planes of h x w and Features;
// to_planes adds the planes of add, unless NULL.
static void from_planes(const Pool *pool, const float *planes, Features x);
static void to_planes(const Pool *pool, Features x, const float *add, float *planes);

// bordered is Features of memory with a border of `pad` pixels, which it clears.
static Features bordered(float *memory, int h, int w, int c, int pad);
static size_t bordered_size(int h, int w, int c, int pad);

#endif
