package builtin

import (
	"github.com/burnish-photo/burnish/ops"
)

// Thumbnail fits a photo into a small box for galleries. Its parameters are
// those of resize, with 320 by 320 as the default box.
func Thumbnail() ops.Spec {
	s := Resize()
	s.Name = "thumbnail"
	s.Summary = "fit inside a small box, 320 by 320 unless told otherwise"
	s.Example = "thumbnail: {width: 320, height: 320}"
	s.Config = func() ops.Config { return &ResizeConfig{Width: 320, Height: 320} }
	return s
}
