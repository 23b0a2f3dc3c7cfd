package tools

import (
	"errors"

	"github.com/burnish-photo/burnish/ops/vips"
)

// RenderSVG makes a PNG of a drawing of Burnish's own; a stranger's SVG must
// not be given to it. [plugin.Start] has been called.
func RenderSVG(svg []byte) ([]byte, error) {
	if _, ok := vips.Lookup("svgload_buffer"); !ok {
		return nil, errors.New("this libvips was built without SVG")
	}
	vips.Allow("svg") // of our own making; files are judged by their folder all the same
	loaded, err := vips.Call("svgload_buffer", vips.Args{"buffer": svg, "scale": 2.0})
	if err != nil {
		return nil, err
	}
	defer loaded.Close()
	saved, err := vips.Call("pngsave_buffer", vips.Args{"in": loaded["out"]})
	if err != nil {
		return nil, err
	}
	return saved["buffer"].([]byte), nil
}
