package metadata

import (
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// Appendix is what the photo's file holds beside the photo and its outputs do not,
// as notes by "film" and "appended_data" and in one line for the provenance: the
// film of a motion photo, and data that a phone or an editor has appended. Gain
// maps are seen to elsewhere.
func Appendix(img ops.Image) (notes map[string]string, dropped string) {
	a, err := container.ReadAppendix(img.Source.Content(), img.Source.Format)
	if err != nil {
		return nil, "" // a photo that does not decode is told of as such
	}
	notes = map[string]string{}
	var all []string
	for _, part := range []struct {
		what string
		n    int64
	}{{"film", a.Film}, {"appended_data", a.Other}} {
		if part.n > 0 {
			notes[part.what] = humanBytes(part.n) + " dropped"
			all = append(all, part.what+": "+humanBytes(part.n))
		}
	}
	return notes, strings.Join(all, ", ")
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
