package tools

import (
	"errors"
	"strings"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output"
)

// Versions names the native libraries in this process.
type Versions struct {
	Libvips     string
	ONNXRuntime string   // "" before [plugin.StartRestoration]
	Library     string   // the file that ONNX Runtime was loaded from
	Providers   []string // the execution providers that it offers
	Models      []string // the models in the binary
}

// Version reports what runs in this process; [plugin.Start] has been called.
func Version() Versions {
	return Versions{
		Libvips: vips.Version(), Models: models.Names(),
		ONNXRuntime: onnx.Version(), Library: onnx.Library(), Providers: onnx.Providers(),
	}
}

// Writes reports whether files with this extension can be written.
func Writes(extension string) bool {
	_, ok := output.FormatOf(strings.TrimPrefix(extension, "."))
	return ok
}

// Formats are the formats that outputs may have.
func Formats() []string { return output.Formats() }

// Provider is what came of trying an execution provider with a bundled model.
type Provider struct {
	Name     string // as ONNX Runtime knows it
	Device   string // as a configuration names its first device
	SelfTest onnx.SelfTest
	Err      error      // why it cannot be used; nil where it can
	Cause    onnx.Cause // of Err
}

// TryProviders opens a bundled model on the first device of every execution
// provider on offer. [plugin.StartRestoration] has been called.
func TryProviders() ([]Provider, error) {
	name := models.Names()[0]
	data, _ := models.Open(name)
	var all []Provider
	for _, p := range onnx.Providers() {
		tried := Provider{Name: p, Device: onnx.DeviceOf(p).String()}
		m, err := onnx.OpenBytes(name, data, onnx.Options{Device: onnx.DeviceOf(p), Require: true})
		if missing := (*onnx.DeviceError)(nil); errors.As(err, &missing) {
			tried.Cause, tried.Err = missing.Cause, errors.New(missing.Cause.String())
		} else if err != nil {
			return nil, err
		} else {
			tried.SelfTest = m.SelfTest()
			if err := m.Close(); err != nil {
				return nil, err
			}
		}
		all = append(all, tried)
	}
	return all, nil
}
