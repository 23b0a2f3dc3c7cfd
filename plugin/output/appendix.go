package output

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// dropAppendix notes, and writes into the provenance, what the photo's file holds
// beside the photo and its outputs do not: the film of a motion photo, and data
// that a phone or an editor has appended. Gain maps are seen to elsewhere.
func (o *Request) dropAppendix(ctx context.Context, img ops.Image) {
	a, err := container.ReadAppendix(img.Source.Content(), img.Source.Format)
	if err != nil {
		return // a photo that does not decode is told of as such
	}
	note := func(what string, n int64) {
		if n == 0 {
			return
		}
		ops.Note(ctx, what+":"+filepath.Base(o.Path), humanBytes(n)+" dropped")
		if o.Provenance.Dropped != "" {
			o.Provenance.Dropped += ", "
		}
		o.Provenance.Dropped += what + ": " + humanBytes(n)
	}
	note("film", a.Film)
	note("appended_data", a.Other)
}

// humanBytes is a number of bytes for people.
func humanBytes(n int64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%d bytes", n)
	case n < 1e6:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
