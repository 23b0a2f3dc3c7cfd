package plugin

import (
	"strings"

	"github.com/burnish-photo/burnish/ops/promptcir/models"
	"github.com/burnish-photo/burnish/ops/promptcir/onnx"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output"
)

// Versions names the native libraries in this process.
type Versions struct {
	Libvips     string
	ONNXRuntime string   // "" before [StartRestoration]
	Library     string   // the file that ONNX Runtime was loaded from
	Providers   []string // the execution providers that it offers
	Models      []string // the models in the binary
}

// Version reports what runs in this process; it wants [Start].
func Version() Versions {
	native.Lock()
	defer native.Unlock()
	v := Versions{Libvips: vips.Version(), Models: models.Names()}
	if native.stopONNX != nil {
		v.ONNXRuntime, v.Library, v.Providers = onnx.Version(), onnx.Library(), onnx.Providers()
	}
	return v
}

// Writes reports whether files with this extension can be written.
func Writes(extension string) bool {
	_, ok := output.FormatOf(strings.TrimPrefix(extension, "."))
	return ok
}
