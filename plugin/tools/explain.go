package tools

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// Explanation is what a file says of itself.
type Explanation struct {
	Path          string
	Format        string
	Width, Height int
	Pages         int                  // at least 1
	Provenance    *metadata.Provenance // nil where Burnish did not make the file, or copied it
	Intact        bool                 // nobody changed the file since, as its seal tells
}

// mostUnfolded bounds the metadata, in bytes, of files that are only looked at.
const mostUnfolded = 64_000_000

// unfolds refuses a file whose metadata would take too much memory.
func unfolds(path string) error {
	format, err := vips.Sniff(path)
	if err != nil {
		return err
	}
	n, err := vips.Unfolded(path, format, mostUnfolded)
	if err == nil && n > mostUnfolded {
		err = fmt.Errorf("%s: its metadata and colour profile unfold to more than %d bytes; nothing is read of it", path, mostUnfolded)
	}
	return err
}

// Explain reads back what an output carries of its making.
func Explain(path string) (Explanation, error) {
	if err := unfolds(path); err != nil {
		return Explanation{}, err
	}
	h, err := vips.ReadHeader(path)
	if errors.Is(err, vips.ErrNotImage) {
		return Explanation{}, fmt.Errorf("%s: not an image that Burnish reads", path)
	}
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Path: path, Format: h.Format, Width: h.Width, Height: h.Height, Pages: h.Pages}
	if p, ok := metadata.ReadProvenance(path, h.Format); ok {
		e.Provenance = &p
		if e.Intact, err = p.Intact(path, h.Format); err != nil {
			return Explanation{}, err
		}
	}
	return e, nil
}
