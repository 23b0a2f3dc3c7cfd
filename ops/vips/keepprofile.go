package vips

// #include "bridge.h"
import "C"

import (
	"runtime"
	"strings"
)

// keepProfile gives the outputs of an operation the colour profile of its first
// input that has one, where the operation lost it: from libvips 8.15 on, what
// works in another space in between, such as sharpen or flatten, leaves none,
// and the colours of a photo that is not sRGB would change. Operations that
// convert by profiles decide for themselves.
func (c *call) keepProfile(out Outputs) error {
	if strings.HasPrefix(c.spec.Name, "icc_") {
		return nil
	}
	for name, value := range out {
		image, ok := value.(*Image)
		if !ok || image.profiled() {
			continue
		}
		for _, in := range c.images {
			profile, ok := in.Blob(FieldICC)
			if !ok {
				continue
			}
			tagged, err := image.WithBlob(FieldICC, profile)
			if err != nil {
				return err
			}
			image.Close()
			out[name] = tagged
			break
		}
	}
	return nil
}

// profiled is whether the image has a colour profile.
func (i *Image) profiled() bool {
	defer runtime.KeepAlive(i)
	field := newCString(FieldICC)
	defer field.free()
	return i.has(field, C.bv_type_blob())
}
