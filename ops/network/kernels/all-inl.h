// All kernels, for one instruction set. A file that is compiled for it defines
//   LANES       single-precision numbers of a vector
//   KINDS_HERE  what the kinds of blocks are called
// and includes this one. Everything else stays within that file.

#include "memory.h"

#include "layout-inl.h"
#include "gemm-inl.h"
#include "expand-inl.h"
#include "gdfn-inl.h"
#include "mdta-inl.h"
#include "transformer-inl.h"
#include "conv3x3_winograd-inl.h"
#include "windows-inl.h"
#include "rhag-inl.h"
#include "prompt-inl.h"
#include "shuffle-inl.h"
#include "kinds-inl.h"
