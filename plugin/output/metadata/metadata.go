// Package metadata knows what a photo's file says beside its pixels, and what an
// output is to say: the classes that a policy keeps, made true of the output's
// pixels, and the provenance, by which an output is known again.
//
// It reads and writes no pixels. How files hold metadata is the matter of its
// container, exif and xmp.
package metadata

import (
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// Read is what the photo's file carries.
func Read(img ops.Image) container.Metadata {
	m, err := container.Read(img.Source.Content(), img.Source.Format)
	if err == nil && container.Carries(img.Source.Format).EXIF {
		return m
	}
	// A container that is not known, or not as it should be: what libvips
	// could read of it.
	for field, into := range map[string]*[]byte{vips.FieldEXIF: &m.EXIF, vips.FieldXMP: &m.XMP} {
		if data, ok := img.Pixels.Blob(field); ok && len(*into) == 0 {
			*into = data
		}
	}
	return m
}
