package vips

// #include "bridge.h"
import "C"

import (
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// Names of metadata fields that libvips' loaders and savers share.
const (
	FieldICC         = "icc-profile-data" // blob
	FieldEXIF        = "exif-data"        // blob; its tags are strings named "exif-ifd…"
	FieldXMP         = "xmp-data"         // blob
	FieldIPTC        = "iptc-data"        // blob
	FieldOrientation = "orientation"      // int, 1 to 8
)

// Fields returns the names of the header and metadata fields.
func (i *Image) Fields() []string {
	defer runtime.KeepAlive(i)
	list := C.vips_image_get_fields(i.ref())
	defer C.g_strfreev(list)
	var names []string
	for _, p := range unsafe.Slice(list, int(C.g_strv_length(list))) {
		names = append(names, C.GoString(p))
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, C.BV_STRIPS_PREFIX)
	})
}

// Int returns an integer field; false when there is none of that name and type.
func (i *Image) Int(name string) (int, bool) {
	defer runtime.KeepAlive(i)
	field := newCString(name)
	defer field.free()
	var value C.int
	if !i.has(field, C.bv_type_int()) || C.vips_image_get_int(i.ref(), field.p, &value) != 0 {
		return 0, false
	}
	return int(value), true
}

// String returns a text field; false when there is none of that name and type.
func (i *Image) String(name string) (string, bool) {
	defer runtime.KeepAlive(i)
	field := newCString(name)
	defer field.free()
	if !i.has(field, C.bv_type_string()) && !i.has(field, C.bv_type_ref_string()) {
		return "", false
	}
	var text *C.char
	if C.vips_image_get_string(i.ref(), field.p, &text) != 0 {
		return "", false
	}
	return C.GoString(text), true
}

// Ints returns a copy of a field of several integers; false when there is none
// of that name and type.
func (i *Image) Ints(name string) ([]int, bool) {
	defer runtime.KeepAlive(i)
	field := newCString(name)
	defer field.free()
	var values *C.int
	var n C.int
	if !i.has(field, C.bv_type_ints()) || C.vips_image_get_array_int(i.ref(), field.p, &values, &n) != 0 {
		return nil, false
	}
	out := make([]int, n)
	for at, v := range unsafe.Slice(values, n) {
		out[at] = int(v)
	}
	return out, true
}

// Blob returns a copy of a binary field; false when there is none of that name
// and type.
func (i *Image) Blob(name string) ([]byte, bool) {
	defer runtime.KeepAlive(i)
	field := newCString(name)
	defer field.free()
	var data unsafe.Pointer
	var size C.size_t
	if !i.has(field, C.bv_type_blob()) || C.vips_image_get_blob(i.ref(), field.p, &data, &size) != 0 {
		return nil, false
	}
	return slices.Clone(unsafe.Slice((*byte)(data), int(size))), true
}

func (i *Image) has(field cString, t C.GType) bool {
	return C.bv_is(i.ref(), field.p, t) != 0
}

// Orientation returns how the pixels are turned, 1 to 8 as EXIF counts; 1,
// upright, when the file does not say.
func (i *Image) Orientation() int {
	ref := i.Govips()
	defer ref.Close()
	return upright(ref.Orientation())
}

func upright(orientation int) int {
	if orientation < 1 || orientation > 8 {
		return 1
	}
	return orientation
}

// WithInt returns the image with an integer field set. Setting "orientation"
// sets the EXIF tag when the image is saved.
func (i *Image) WithInt(name string, value int) (*Image, error) {
	return i.edited(name, func(p *C.VipsImage, field *C.char) {
		C.vips_image_set_int(p, field, C.int(value))
	})
}

// WithString returns the image with a text field set.
func (i *Image) WithString(name, value string) (*Image, error) {
	return i.edited(name, func(p *C.VipsImage, field *C.char) {
		text := newCString(value)
		defer text.free()
		C.vips_image_set_string(p, field, text.p)
	})
}

// WithBlob returns the image with a binary field set to a copy of value. An
// empty value removes the field.
func (i *Image) WithBlob(name string, value []byte) (*Image, error) {
	if len(value) == 0 {
		return i.Without(name)
	}
	return i.edited(name, func(p *C.VipsImage, field *C.char) {
		C.vips_image_set_blob_copy(p, field, unsafe.Pointer(&value[0]), C.size_t(len(value)))
	})
}

// Like returns the pixels of the image with the metadata, the resolution and the
// interpretation of another.
func (i *Image) Like(o *Image) (*Image, error) {
	x, y := o.Resolution()
	out, err := i.Do("copy", Args{"interpretation": o.Interpretation(), "xres": x, "yres": y})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	own, err := out.copy()
	if err != nil {
		return nil, err
	}
	C.bv_copy_metadata(o.ref(), own.ref())
	runtime.KeepAlive(o)
	return own, nil
}

// Without returns the image without the fields named. Names that it does not
// have are no error.
func (i *Image) Without(names ...string) (*Image, error) {
	out, err := i.copy()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		field := newCString(name)
		C.vips_image_remove(out.ref(), field.p)
		field.free()
	}
	return out, nil
}

// edited copies the header, so that images sharing it do not change, and sets a
// field of the copy.
func (i *Image) edited(name string, set func(p *C.VipsImage, field *C.char)) (*Image, error) {
	if name == "" || slices.Contains(headerFields, name) || strings.HasPrefix(name, C.BV_STRIPS_PREFIX) {
		return nil, misuse("set field", "%q is not metadata", name)
	}
	out, err := i.copy()
	if err != nil {
		return nil, err
	}
	field := newCString(name)
	defer field.free()
	set(out.ref(), field.p)
	return out, nil
}

// headerFields are part of the image itself; the operation "copy" sets them.
var headerFields = []string{
	"width", "height", "bands", "format", "coding", "interpretation",
	"xoffset", "yoffset", "xres", "yres", "filename",
}
