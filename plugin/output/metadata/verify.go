package metadata

import (
	"bytes"
	"fmt"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// Verify compares what a written file carries with what it has to.
func Verify(path, format string, want container.Metadata) error {
	got, err := container.Read(path, format)
	if err != nil {
		return err
	}
	if err := sameEXIF(want.EXIF, got.EXIF); err != nil {
		return err
	}
	for _, block := range []struct {
		name      string
		want, got []byte
	}{{"XMP", want.XMP, got.XMP}, {"extended XMP", want.Extended, got.Extended}, {"IPTC", want.IPTC, got.IPTC}, {"the gain map", want.Second, got.Second}} {
		if !bytes.Equal(block.want, block.got) {
			return fmt.Errorf("it holds %d bytes of %s that are not the %d it should hold", len(block.got), block.name, len(block.want))
		}
	}
	return nil
}

// sameEXIF compares entry by entry: the two may be laid out differently.
func sameEXIF(want, got []byte) error {
	if bytes.Equal(want, got) {
		return nil
	}
	if len(want) == 0 {
		return fmt.Errorf("it holds %d bytes of EXIF that should not be there", len(got))
	}
	a, err := exif.Parse(want)
	if err != nil {
		return err
	}
	b, err := exif.Parse(got)
	if err != nil {
		return fmt.Errorf("its EXIF is lost: %w", err)
	}
	there := b.Entries()
	for _, e := range a.Entries() {
		if e.IsPointer() || container.Pictorial(e) {
			continue
		}
		found, ok := exif.Find(there, e.Dir, e.Tag)
		if !ok || !bytes.Equal(found.In(b.Order, a.Order).Value, e.Value) {
			return fmt.Errorf("its EXIF has lost tag %#04x of directory %d, or changed it", e.Tag, e.Dir)
		}
	}
	return nil
}
