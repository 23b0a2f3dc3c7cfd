#ifndef BURNISH_BLOCKS_H
#define BURNISH_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "product.h"

// The network's blocks on features of h x w pixels with c channels each, c a
// multiple of PANEL, or of eight where that is said. Features of a pixel lie together, pixels of a row too.
// Functions that return bool return false if there is no memory.

// Pool divides work: run calls work(data, i) for every i below n, on as many
// threads as there are, and returns when all are done.
typedef struct Pool {
	void (*run)(const struct Pool *, void (*work)(void *data, size_t i), void *data, size_t n);
	void *self;
} Pool;

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

// Spread widens features: LayerNorm, a 1x1 and a depthwise 3x3 convolution.
typedef struct {
	int c, wide;
	float *in, *in_shift; // 1x1, with the norm's scale and shift in it
	float *deep;          // depthwise: 9 x wide
	float *deep_shift;    // wide
} Spread;

// Weights of convolutions come as out x in x height x width; a bias may be NULL.
bool spread_make(Spread *s, int c, int wide, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias);
void spread_free(Spread *s);

// Gated is GDFN with its LayerNorm and the sum around both.
typedef struct {
	Spread spread; // to 2 x hidden
	int hidden;
	float *out, *out_shift;
} Gated;

bool gated_make(Gated *g, int c, int hidden, Norm n, const float *in, const float *in_bias, const float *deep, const float *deep_bias,
                const float *out, const float *out_bias);
void gated_free(Gated *g);

// gated_run writes x + GDFN(LayerNorm(x)) to y, which is not x.
bool gated_run(const Gated *g, const Pool *pool, Features x, Features y);

// Channels is MDTA, attention between channels, with its LayerNorm and the sum around both.
typedef struct {
	Spread spread; // to q, k and v
	int heads;
	float *temperature; // heads
	float *out;         // c x c, in x out
} Channels;

// channels_make takes the last convolution as heads x out x channel of the head.
bool channels_make(Channels *a, int c, int heads, Norm n, const float *temperature, const float *qkv, const float *deep, const float *out);
void channels_free(Channels *a);

// channels_run writes x + MDTA(LayerNorm(x)) to y, which is not x. v is memory for as many numbers as x has.
bool channels_run(const Channels *a, const Pool *pool, Features x, Features y, float *v);

// Group is RHAG: hybrid attention blocks, overlapping attention, a convolution.
typedef struct Group Group;

// group_make takes the weights in the order in which the blocks use them; see group.c.
Group *group_make(int c, const float *const *weights, const size_t *sizes, int count, const char **why);
void group_free(Group *g);

// group_multiple is what h and w must be multiples of.
int group_multiple(const Group *g);

// group_run writes RHAG(x) to y, planes of h x w both.
bool group_run(const Group *g, const Pool *pool, const float *x, float *y, int h, int w);

// Transformer is a transformer block: Channels, then Gated.
typedef struct Transformer Transformer;
Transformer *transformer_make(int c, const float *const *weights, const size_t *sizes, int count, const char **why);
void transformer_free(Transformer *t);
bool transformer_run(const Transformer *t, const Pool *pool, const float *x, float *y, int h, int w);

enum { TRANSFORMER_WEIGHTS = 11 };

// transformer_within puts the answer to x in its place; second and third are memory for as many numbers each.
bool transformer_within(const Transformer *t, const Pool *pool, Features x, float *second, float *third);

// Interaction is PromptCIR's prompt interaction: the dynamic prompt of every pixel beside its
// features, a transformer block on both, and a 1x1 convolution.
typedef struct Interaction Interaction;
Interaction *interaction_make(const float *const *weights, const size_t *sizes, int count, const char **why);
void interaction_free(Interaction *a);
int interaction_in(const Interaction *a); // channels
int interaction_out(const Interaction *a);
bool interaction_run(const Interaction *a, const Pool *pool, const float *x, float *y, int h, int w);

// Shuffle is a 3x3 convolution between resolutions: with pixels of a square of two by two laid out
// as channels after it (down), or the other way round (up).
typedef struct Shuffle Shuffle;

// shuffle_make takes out x in x 3 x 3, in a multiple of eight; why is as for the others.
Shuffle *shuffle_make(bool up, int out, const float *weights, size_t size, const char **why);
void shuffle_free(Shuffle *s);
int shuffle_in(const Shuffle *s); // channels
int shuffle_out(const Shuffle *s);
bool shuffle_run(const Shuffle *s, const Pool *pool, const float *x, float *y, int h, int w);

// Memory for a moment: at least n numbers, or p is NULL. See memory.c.
typedef struct {
	float *p;
	size_t n;
} Memory;

Memory memory_take(size_t n);
void memory_give(Memory m);

// memory_release frees what is kept for later.
void memory_release(void);

// Of layout.c.

// normalise is LayerNorm of n pixels without scale and shift.
void normalise(const float *x, float *y, int n, int c);

// from_planes and to_planes change between c planes of h x w and Features;
// to_planes adds the planes of add, unless NULL.
void from_planes(const Pool *pool, const float *planes, Features x);
void to_planes(const Pool *pool, Features x, const float *add, float *planes);

// bordered is Features of memory with a border of `pad` pixels, which it clears.
Features bordered(float *memory, int h, int w, int c, int pad);
size_t bordered_size(int h, int w, int c, int pad);

#endif
