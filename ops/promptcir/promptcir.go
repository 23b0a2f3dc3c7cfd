// Package promptcir is the operator that restores JPEG-damaged photos with the
// PromptCIR network (Li et al., NTIRE 2024) or a smaller one of its kind. Package
// network runs it; here is what is PromptCIR's own: parameters and their
// defaults, the presets, the bundled models, which photos are undamaged and left
// alone, and agreement with the JPEG's coefficients.
package promptcir

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
)

// Spec describes the operator.
func Spec() ops.Spec {
	return ops.Spec{
		Name:       "promptcir",
		Summary:    "restore a JPEG-compressed photo with a neural network, at any quality",
		Example:    "promptcir: {model: lite}",
		Version:    3,
		Grid:       ops.NeedsGrid,
		Sequential: true,
		Config: func() ops.Config {
			return &Config{Model: "lite", Skip: skipAuto, SkipJPEGAbove: 100, Strength: 1, Preset: balanced, Fidelity: off}
		},
	}
}

// Model names a model.
type Model = network.Reference

// Config are the operator's parameters.
type Config struct {
	// Model is the name of a bundled model or of NAME.onnx in the folder of
	// models, or the path of an ONNX file.
	Model Model `yaml:"model" help:"a bundled model, a name in restore.models, or the path of an .onnx file; {name: NAME, sha256: DIGEST} refuses another file"`
	// Tile is the side in pixels of the tiles that the network sees; 0 is what the
	// model was measured with. Larger tiles repeat less work at their edges and
	// take more memory; on CPUs those of long photos are up to a half wider and a
	// quarter higher.
	Tile int `yaml:"tile" help:"tile size in pixels, 64 to 2048; 0: the model's own" range:"0|64,2048"`
	// Skip is auto, or never: then every photo is restored.
	Skip string `yaml:"skip" help:"auto: leave photos without damage alone; never: restore every photo" enum:"auto,never"`
	// SkipBelow is the correction below which a photo is undamaged; 0 goes by
	// what its file says of itself.
	SkipBelow float64 `yaml:"skip_below" help:"correction, in steps of 255, below which a photo is undamaged; 0: 1.7 for camera originals, 0.3 for other JPEGs, 0.25 for other formats, at least 0.8 without colour" range:"0,255"`
	// SkipJPEGAbove is the JPEG quality, 1 to 100, above which a photo is left
	// alone whatever it shows; 100 leaves none alone for its quality.
	SkipJPEGAbove int `yaml:"skip_jpeg_above" help:"JPEG quality above which a photo is left alone, whatever it shows; 100: none" range:"1,100"`
	// Strength is how much of what the network changes is taken, 0 to 1.
	Strength float64 `yaml:"strength" help:"how much of the change is applied" range:"0,1"`
	// Preset is fast, balanced or reference.
	Preset string `yaml:"preset" help:"speed against quality; reference averages over all eight orientations" enum:"fast,balanced,reference"`
	// Fidelity is auto, strict or off: whether the restored photo is moved, by as
	// little as is needed, to agree with every coefficient of its JPEG; see package
	// fidelity.
	Fidelity string `yaml:"fidelity" help:"strict: keep every DCT coefficient within the quantization interval of the JPEG; auto: unless the photo shows an earlier save of lower quality" enum:"auto,strict,off"`
	// Models are averaged, in place of Model; for the preset reference.
	Models []Model `yaml:"models" help:"models whose outputs are averaged, in place of model; needs preset reference"`
}

// Validate reports parameters that do not go together.
func (c *Config) Validate() error {
	var errs []error
	invalid := func(param, format string, args ...any) { errs = append(errs, ops.Invalid(param, format, args...)) }
	if strings.TrimSpace(c.Model.Name()) == "" {
		invalid("model", "must be the name of a model or the path of an .onnx file")
	}
	if len(c.Models) > 0 && c.Preset != reference {
		invalid("models", "several models are averaged with the preset reference only; set it, or name one as model")
	}
	return errors.Join(errs...)
}

// bundled are the models that ship, and those that the user adds.
var bundled = network.Catalogue{Names: models.Names(), Open: models.Open}

// Check reports models that cannot be found.
func (c *Config) Check(env ops.Env) error {
	param := "model"
	if len(c.Models) > 0 {
		param = "models"
	}
	var errs []error
	for _, name := range c.models() {
		if err := bundled.Check(name.Name(), env); err != nil {
			errs = append(errs, ops.Invalid(param, "%v", err))
		}
	}
	return errors.Join(errs...)
}

// Resources are the models that are named by the paths of their files.
func (c *Config) Resources() (all []string) {
	for _, m := range c.models() {
		if name := m.Name(); filepath.Base(name) != name || filepath.Ext(name) == ".onnx" {
			all = append(all, name)
		}
	}
	return all
}

// models are the names of all that is to be opened.
func (c *Config) models() []Model {
	if len(c.Models) > 0 {
		return c.Models
	}
	return []Model{c.Model}
}

// Build finds and opens the models.
func (c *Config) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	o := network.Options{Name: "promptcir", Tiling: c.tiling(), Strength: c.Strength, Skip: c.undamaged(), Finish: c.finish(env)}
	for _, name := range c.models() {
		m, err := name.Find(bundled, env)
		if err != nil {
			return nil, err
		}
		o.Models = append(o.Models, m)
	}
	op, err := network.New(o, env)
	if err != nil {
		return nil, err
	}
	return op, nil
}
