package output

import (
	"context"
	"fmt"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Joins reports whether one file of the format holds several pages, or the
// frames of an animation.
func (e Encoder) Joins() bool { return formatNamed(e.Format).pages }

// Joins reports whether pages with one path go into one file.
func (c Config) Joins() bool { return formatNamed(c.Format).pages }

// StagePages is Stage of one file with several pages of one size.
func StagePages(ctx context.Context, pages []ops.Image, r Request) (*staging.File, error) {
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
	r.pages = len(pages)
	return Stage(ctx, pages[0].With(numbered), r)
}

// verifyPages decodes every page of a file. Of a WebP, and of a GIF by libvips
// 8.16, equal frames that follow each other may have become one that is shown
// for as long.
func (w *encodeJob) verifyPages(path string) error {
	written, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer written.Close()
	pages := w.request.pages
	n, said := written.Int("n-pages")
	if !said {
		n = 1
	}
	if n != pages {
		if merges := w.request.Encoder.Format == "webp" || w.request.Encoder.Format == "gif"; !merges || n < 1 || n > pages {
			return fmt.Errorf("it has %d pages, not %d", n, pages)
		}
		_, timed := w.pixels.Ints("delay")
		if want, got := duration(w.pixels, pages), duration(written, n); n > 1 && want != got && (timed || w.request.Encoder.Format == "webp") {
			return fmt.Errorf("its %d frames last %d ms, the %d that were given %d ms", n, got, pages, want)
		}
		pages = n
	}
	for page := range pages {
		if err := check.Page(path, page, w.pixels.Width(), w.height()); err != nil {
			return fmt.Errorf("page %d: %w", page+1, err)
		}
	}
	return nil
}

// duration of an animation as its encoder counts it, in milliseconds.
func duration(p *vips.Image, frames int) (all int) {
	const usual = 100 // of a frame of which nothing is said, or 10 at the most
	delays, _ := p.Ints("delay")
	for i := range frames {
		if i < len(delays) && delays[i] > 10 {
			all += delays[i]
		} else {
			all += usual
		}
	}
	return all
}
