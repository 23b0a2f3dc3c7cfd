//go:build linux && (amd64 || arm64)

#include "ort.h"

#include "kinds.h"

#if defined(__x86_64__)
extern const Kind kinds_avx512_bf16[KINDS], kinds_avx512[KINDS], kinds_avx2[KINDS], kinds_sse4[KINDS];
#else
extern const Kind kinds_neon[KINDS];
#endif

// The fastest first.
const Set sets[] = {
#if defined(__x86_64__)
    {"avx512-bf16", kinds_avx512_bf16},
    {"avx512", kinds_avx512},
    {"avx2", kinds_avx2},
    {"sse4", kinds_sse4},
#else
    {"neon", kinds_neon},
#endif
    {0},
};
