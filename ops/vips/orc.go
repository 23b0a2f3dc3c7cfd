package vips

// #include "bridge.h"
import "C"

// orc tells how many loops were compiled by one thread at a time, and the
// version of Orc, "" where it is not loaded.
func orc() (compiled int, version string) {
	return int(C.bv_orc_compiled()), C.GoString(C.bv_orc_version())
}
