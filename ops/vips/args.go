package vips

// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"unsafe"
)

// setOne checks one argument and hands it to the operation. GObject ignores a
// number out of range and libvips would load a string given for an image, so
// nothing unchecked gets through.
func (c *call) setOne(a *Argument, value any) error {
	switch a.Type {
	case "image":
		return c.setImage(a, value)
	case "images":
		return c.setImages(a, value)
	case "float", "int", "bool":
		return c.setNumber(a, value)
	case "enum", "flags":
		return c.setMembers(a, value)
	case "string", "interpolate":
		return c.setString(a, value)
	case "floats", "ints":
		return c.setNumbers(a, value)
	case "blob":
		return c.setBlob(a, value)
	case "VipsSource":
		return c.setSource(a, value)
	}
	return fmt.Errorf("a %s cannot be given here", a.Type)
}

func mismatch(a *Argument, value any) error {
	return fmt.Errorf("must be %s, got %T", a.Type, value)
}

func (c *call) setImage(a *Argument, value any) error {
	image, ok := value.(*Image)
	if !ok || image == nil {
		return mismatch(a, value)
	}
	c.images = append(c.images, image)
	defer runtime.KeepAlive(image)
	if !a.Modify {
		C.bv_set_image(c.op, a.c.name, image.ref())
		return nil
	}
	canvas := C.vips_image_copy_memory(image.ref())
	if canvas == nil {
		if err := fault(c.images); err != nil {
			return err
		}
		return hinted("copy", "")
	}
	defer C.bv_unref(unsafe.Pointer(canvas))
	C.bv_set_image(c.op, a.c.name, canvas)
	return nil
}

func (c *call) setImages(a *Argument, value any) error {
	images, ok := value.([]*Image)
	if one, single := value.(*Image); single {
		images, ok = []*Image{one}, true
	}
	if !ok || len(images) == 0 {
		return mismatch(a, value)
	}
	refs := make([]*C.VipsImage, len(images))
	for n, image := range images {
		if image == nil {
			return fmt.Errorf("image %d is nil", n)
		}
		refs[n] = image.ref()
	}
	c.images = append(c.images, images...)
	C.bv_set_images(c.op, a.c.name, &refs[0], C.int(len(refs)))
	runtime.KeepAlive(images)
	return nil
}

func (c *call) setNumber(a *Argument, value any) error {
	var number float64
	truth, isBool := value.(bool)
	switch v := value.(type) {
	case float64:
		number = v
	case int:
		number = float64(v)
	case bool:
		if truth {
			number = 1
		}
	default:
		return mismatch(a, value)
	}
	if isBool != (a.Type == "bool") {
		return mismatch(a, value)
	}
	if err := a.check(number); err != nil {
		return err
	}
	C.bv_set_number(c.op, a.c.name, a.c._type, C.double(number))
	return nil
}

// check refuses what GObject would silently drop.
func (a *Argument) check(v float64) error {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Errorf("%v is not a finite number", v)
	case a.Type == "int" && v != math.Trunc(v):
		return fmt.Errorf("%v is not a whole number", v)
	case a.Min != nil && v < *a.Min:
		return fmt.Errorf("%v is less than the minimum, %v", v, *a.Min)
	case a.Max != nil && v > *a.Max:
		return fmt.Errorf("%v is more than the maximum, %v", v, *a.Max)
	}
	return nil
}

func (c *call) setMembers(a *Argument, value any) error {
	text, ok := value.(string)
	if !ok {
		return mismatch(a, value)
	}
	names := []string{text}
	if a.Type == "flags" {
		names = strings.Split(text, "|")
	}
	bits := 0
	for _, name := range names {
		bit, ok := member(a.c._type, strings.TrimSpace(name))
		if !ok {
			return fmt.Errorf("%q is none of %s%s", name, strings.Join(a.Enum, ", "), didYouMean(name, a.Enum))
		}
		bits |= bit
	}
	C.bv_set_number(c.op, a.c.name, a.c._type, C.double(bits))
	return nil
}

func (c *call) setString(a *Argument, value any) error {
	text, ok := value.(string)
	if !ok {
		return mismatch(a, value)
	}
	if strings.ContainsRune(text, 0) {
		return errors.New("text holds a zero byte")
	}
	s := newCString(text)
	defer s.free()
	if a.Type == "string" {
		C.bv_set_string(c.op, a.c.name, s.p)
		return nil
	}
	if C.bv_set_interpolate(c.op, a.c.name, s.p) != 0 {
		C.vips_error_clear()
		return fmt.Errorf("%q is none of %s%s", text, strings.Join(a.Enum, ", "), didYouMean(text, a.Enum))
	}
	return nil
}

func (c *call) setNumbers(a *Argument, value any) error {
	var numbers []float64
	switch v := value.(type) {
	case float64:
		numbers = []float64{v}
	case int:
		numbers = []float64{float64(v)}
	case []float64:
		numbers = v
	case []int:
		for _, x := range v {
			numbers = append(numbers, float64(x))
		}
	}
	if len(numbers) == 0 {
		return mismatch(a, value)
	}
	if a.Type == "floats" {
		C.bv_set_floats(c.op, a.c.name, (*C.double)(&numbers[0]), C.int(len(numbers)))
		return nil
	}
	ints := make([]C.int, len(numbers))
	for n, x := range numbers {
		if x != math.Trunc(x) || math.Abs(x) > math.MaxInt32 {
			return fmt.Errorf("%v is not a whole number of 32 bits", x)
		}
		ints[n] = C.int(x)
	}
	C.bv_set_ints(c.op, a.c.name, &ints[0], C.int(len(ints)))
	return nil
}

func (c *call) setBlob(a *Argument, value any) error {
	data, ok := value.([]byte)
	if !ok || len(data) == 0 {
		return mismatch(a, value)
	}
	C.bv_set_blob(c.op, a.c.name, unsafe.Pointer(&data[0]), C.size_t(len(data)))
	return nil
}
