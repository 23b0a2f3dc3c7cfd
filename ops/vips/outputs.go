package vips

// #include "bridge.h"
import "C"

import (
	"slices"
	"unsafe"
)

// Outputs are an operation's results by name: *Image, []*Image, float64, int,
// bool, []float64, []int, string (text, or a member's name) or []byte. Images
// in it belong to the caller.
type Outputs map[string]any

// Close closes every image among the outputs.
func (o Outputs) Close() {
	for _, value := range o {
		switch v := value.(type) {
		case *Image:
			v.Close()
		case []*Image:
			for _, image := range v {
				image.Close()
			}
		}
	}
}

// mainOutput is the first image among the results, "" when there is none.
func (o *Operation) mainOutput(out Outputs) string {
	for _, a := range o.Args {
		if _, ok := out[a.Name].(*Image); ok {
			return a.Name
		}
	}
	return ""
}

// gives reports whether the operation set a as a result. An input that it drew
// on counts.
func (c *call) gives(a *Argument) bool {
	if a.Deprecated || !(a.Output || a.Modify) {
		return false
	}
	object := (*C.VipsObject)(unsafe.Pointer(c.op))
	return C.vips_object_argument_isset(object, a.c.name) != 0
}

// get reads one result.
func (c *call) get(a *Argument) any {
	var v C.bv_value
	C.bv_get(c.op, &a.c, &v)
	defer C.g_free(C.gpointer(v.data))
	defer C.g_free(C.gpointer(unsafe.Pointer(v.text)))
	n := int(v.size)
	switch a.Type {
	case "image":
		return own(v.image)
	case "images":
		images := make([]*Image, n)
		for i, p := range unsafe.Slice((**C.VipsImage)(v.data), n) {
			images[i] = own(p)
		}
		return images
	case "float":
		return float64(v.number)
	case "int", "flags":
		return int(v.number)
	case "bool":
		return v.number != 0
	case "floats":
		return slices.Clone(unsafe.Slice((*float64)(v.data), n))
	case "ints":
		ints := make([]int, n)
		for i, x := range unsafe.Slice((*C.int)(v.data), n) {
			ints[i] = int(x)
		}
		return ints
	case "blob":
		return slices.Clone(unsafe.Slice((*byte)(v.data), n))
	case "enum", "string":
		return C.GoString(v.text)
	}
	return nil
}
