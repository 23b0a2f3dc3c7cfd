package metadata

import (
	"bytes"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

const (
	gainMapSpace      = "http://ns.adobe.com/hdr-gain-map/1.0/"
	appleGainMapSpace = "http://ns.apple.com/HDRGainMap/1.0/"
)

// HasFurtherPictures reports whether the photo is a JPEG with a gain map or other
// pictures behind the first.
func HasFurtherPictures(img ops.Image) bool {
	if img.Source.Format != "jpeg" {
		return false
	}
	source := Read(img)
	return source.More > 0 || bytes.Contains(source.XMP, []byte(gainMapSpace))
}

// IsGainMap reports whether a picture behind the first says that it is a gain map.
func IsGainMap(picture []byte) bool { return bytes.Contains(picture, []byte(gainMapSpace)) }

// WithGainMap is m, which Compose made of the photo, with the gain map of the
// photo's own metadata and the XMP that describes it.
func (t Target) WithGainMap(m container.Metadata, img ops.Image, source container.Metadata) (_ container.Metadata, err error) {
	m.XMP, m.Second = source.XMP, source.Second
	m.XMP, err = t.composeXMP(m, t.view(img))
	return m, err
}
