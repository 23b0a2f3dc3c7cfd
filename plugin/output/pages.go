package output

import (
	"context"
	"fmt"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Joins reports whether one file of the format holds several pages, or the
// frames of an animation.
func (e Encoder) Joins() bool { return formatNamed(e.Format).pages }

// Joins reports whether pages with one path go into one file.
func (c Config) Joins() bool { return formatNamed(c.Format).pages }

// StagePages is Stage of one file with several pages of one size.
func (o Owner) StagePages(ctx context.Context, pages []ops.Image, order Order) (*Staged, error) {
	first := pages[0].Pixels
	joined := first.Ref()
	defer func() { joined.Close() }()
	for i, page := range pages[1:] {
		if page.Pixels.Width() != first.Width() || page.Pixels.Height() != first.Height() {
			return nil, fmt.Errorf("page %d is %d×%d pixels, the first %d×%d; add {page} to the path, so that each becomes a file of its own",
				i+2, page.Pixels.Width(), page.Pixels.Height(), first.Width(), first.Height())
		}
		next, err := joined.Do("join", vips.Args{"in2": page.Pixels, "direction": "vertical"})
		if err != nil {
			return nil, err
		}
		joined.Close()
		joined = next
	}
	numbered, err := joined.WithInt("page-height", first.Height())
	if err != nil {
		return nil, err
	}
	defer numbered.Close()
	order.pages = len(pages)
	return o.Stage(ctx, pages[0].With(numbered), order)
}

// verifyPages decodes every page of a file.
func verifyPages(path string, pages, width, height int) error {
	header, err := vips.ReadHeader(path)
	if err != nil {
		return err
	}
	if header.Pages != pages {
		return fmt.Errorf("it has %d pages, not %d", header.Pages, pages)
	}
	for page := range pages {
		if err := SoundPage(path, page, width, height); err != nil {
			return fmt.Errorf("page %d: %w", page+1, err)
		}
	}
	return nil
}

// SoundPage decodes one page, counted from 0, and compares its size in pixels.
func SoundPage(path string, page, width, height int) error {
	p, err := vips.OpenPage(path, page, vips.Sequential)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := sized(p, width, height); err != nil {
		return err
	}
	_, err = vips.Call("avg", vips.Args{"in": p})
	return err
}
