// Package check reads back what was written: whether all of it decodes, and
// whether its pixels have the size, the profile and the colours of the image that
// it was made of. It knows nothing of metadata or of where files lie.
package check

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/vips"
)

// File decodes a whole file and compares its size in pixels.
func File(path string, width, height int) error {
	return decode(func() (*vips.Image, error) { return vips.Open(path, vips.Sequential) }, width, height)
}

// Page decodes one page, counted from 0, and compares its size in pixels.
func Page(path string, page, width, height int) error {
	return decode(func() (*vips.Image, error) { return vips.OpenPage(path, page, vips.Sequential) }, width, height)
}

func decode(open func() (*vips.Image, error), width, height int) error {
	p, err := open()
	if err != nil {
		return err
	}
	defer p.Close()
	if err := Size(p, width, height); err != nil {
		return err
	}
	_, err = vips.Call("avg", vips.Args{"in": p})
	return err
}

// Size compares an image's size in pixels.
func Size(p *vips.Image, width, height int) error {
	if p.Width() != width || p.Height() != height {
		return fmt.Errorf("it is %d×%d pixels, not %d×%d", p.Width(), p.Height(), width, height)
	}
	return nil
}

// Profile compares the profile of a written image, byte for byte, with that of
// the one that was encoded. JPEG XL writes one of its own to the same effect.
func Profile(written, encoded *vips.Image, format string) error {
	want, wanted := encoded.Blob(vips.FieldICC)
	got, has := written.Blob(vips.FieldICC)
	if format == "jxl" || bytes.Equal(want, got) {
		return nil
	}
	switch {
	case !has:
		return errors.New("its colour profile is lost")
	case !wanted:
		return errors.New("it has a colour profile that should not be there")
	}
	return errors.New("its ICC profile differs")
}
