// Package promptcir is the operator that restores JPEG-damaged photos with the
// PromptCIR network. It is the only place where pixels become floats: it pulls a
// photo through the network strip by strip, so that photos of any size pass
// through bounded memory. It knows neither files nor other operators.
//
// # Pixels
//
// The network gets R, G and B exactly as they were decoded, in the photo's own
// encoding: the damage was done to those numbers, and an attached profile stays
// valid for the restored ones. 8-bit photos stay 8-bit and 16-bit photos 16-bit.
// Gray is shown to the network as three equal channels and comes back as their
// luma. Transparency is passed through untouched. CMYK, YCCK included, has no
// such reading: it is converted to sRGB, by its profile or else by that of a
// common press, and stays sRGB. Floating-point photos become 16-bit ones: scRGB
// by the sRGB curve, numbers of the scale 0 to 255 by 257, and what lies beyond
// full scale is cut off, since the damage of a JPEG cannot lie there. Other
// colour spaces are converted to RGB of 8 or 16 bits. 12-bit JPEGs are what the
// decoder makes of them.
package promptcir

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// Spec describes the operator.
func Spec() ops.Spec {
	return ops.Spec{
		Name:       "promptcir",
		Summary:    "restore a JPEG-compressed photo with a neural network, at any quality",
		Example:    "promptcir: {model: lite}",
		Version:    2,
		Grid:       ops.NeedsGrid,
		Sequential: true,
		Config: func() ops.Config {
			return &Config{Model: "lite", Skip: skipAuto, SkipJPEGAbove: 100, Strength: 1, Preset: balanced, Fidelity: off}
		},
	}
}

// Config are the operator's parameters.
type Config struct {
	// Model is the name of a bundled model or of NAME.onnx in the folder of
	// models, or the path of an ONNX file.
	Model string `yaml:"model" kind:"path" help:"a bundled model, a name in restore.models, or the path of an .onnx file"`
	// Tile is the side in pixels of the windows that the network sees; 0 is
	// what the model was measured with. Larger windows repeat less work at
	// their edges and take more memory; on CPUs those of long photos are up to a
	// half wider and a quarter higher.
	Tile int `yaml:"tile" help:"tile size in pixels, 64 to 2048; 0: the model's own" range:"0|64,2048"`
	// Skip is auto, or never: then every photo is restored.
	Skip string `yaml:"skip" help:"auto: leave photos without damage alone; never: restore every photo" enum:"auto,never"`
	// SkipBelow is the correction below which a photo is undamaged; 0 goes by
	// what its file says of itself.
	SkipBelow float64 `yaml:"skip_below" help:"correction, in steps of 255, below which a photo is undamaged; 0: 1.6 for camera originals, 0.45 for other JPEGs, 0.4 for other formats" range:"0,255"`
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
	Models []string `yaml:"models" kind:"path" help:"models whose outputs are averaged, in place of model; needs preset reference"`
}

// Pixels over which neighbouring windows are blended; of narrow windows so much
// would be too large a part.
const (
	feather       = 32
	narrowFeather = 16
	narrowWindow  = 256
)

const (
	maxRuns = 4 // windows at a time, of all photos; each has working memory of its own

	gpuBatch = 8            // windows that a GPU computes together
	gpuRuns  = gpuBatch + 2 // of one photo: the next are filled, the last ones read meanwhile

	// Networks with more weights take a gigabyte and more for one window:
	// they run one at a time.
	largeNetwork = 10_000_000
)

// Validate reports parameters that do not go together.
func (c *Config) Validate() error {
	var errs []error
	invalid := func(param, format string, args ...any) { errs = append(errs, ops.Invalid(param, format, args...)) }
	if strings.TrimSpace(c.Model) == "" {
		invalid("model", "must be the name of a model or the path of an .onnx file")
	}
	if len(c.Models) > 0 && c.Preset != reference {
		invalid("models", "several models are averaged with the preset reference only; set it, or name one as model")
	}
	return errors.Join(errs...)
}

// Check reports models that cannot be found.
func (c *Config) Check(env ops.Env) error {
	param := "model"
	if len(c.Models) > 0 {
		param = "models"
	}
	var errs []error
	for _, name := range c.models() {
		if err := lookForModel(name, env); err != nil {
			errs = append(errs, ops.Invalid(param, "%v", err))
		}
	}
	return errors.Join(errs...)
}

// models are the names of all that is to be opened.
func (c *Config) models() []string {
	if len(c.Models) > 0 {
		return c.Models
	}
	return []string{c.Model}
}

// Build finds and opens the models. Operators with the same model on the same
// device share it; the last to be closed closes it.
func (c *Config) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	o, err := c.build(env, split)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// build divides the threads as divide has it.
func (c *Config) build(env ops.Env, divide func(threads int, parameters int64) (runs, each int)) (_ *operator, err error) {
	if env.Networks != nil {
		if err := env.Networks(); err != nil {
			return nil, err
		}
	}
	o := &operator{asked: !env.Devices.IsAuto(), threads: env.Threads, divide: divide, strength: c.Strength, skip: c.Skip, skipBelow: c.SkipBelow, skipJPEGAbove: c.SkipJPEGAbove, fidelity: c.Fidelity, scratch: env.Scratch, log: env.Log}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	sources, contracts, err := inspect(c.models(), env)
	if err != nil {
		return nil, err
	}
	if o.windows, err = windowsFor(c.Preset, c.Tile, together(contracts)); err != nil {
		return nil, err
	}
	o.contracts = contracts
	return o, o.openLanes(sources, env)
}

// inspect reads the models' files and what they say of themselves.
func inspect(names []string, env ops.Env) (sources []source, contracts []onnx.Contract, err error) {
	for _, name := range names {
		s, err := findModel(name, env)
		if err != nil {
			return nil, nil, err
		}
		contract, err := onnx.InspectBytes(s.name, s.data)
		if err != nil {
			return nil, nil, err
		}
		sources, contracts = append(sources, s), append(contracts, contract)
	}
	return sources, contracts, nil
}

// together is what windows have to be for all of the models.
func together(contracts []onnx.Contract) onnx.Contract {
	all := contracts[0]
	for _, c := range contracts[1:] {
		all.Multiple = tile.Common(all.Multiple, c.Multiple)
		all.Halo, all.Tile = max(all.Halo, c.Halo), max(all.Tile, c.Tile)
	}
	return all
}

// split divides the threads: into windows at a time, which cost nothing but
// memory, and threads that a window may have, which wait for one another between
// the nodes of a network. A window computes on a thread of its own and on those
// that all windows of a model share.
func split(threads int, parameters int64) (runs, each int) {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	if parameters > largeNetwork {
		return 1, threads
	}
	runs = min(threads, maxRuns)
	return runs, threads - runs + 1
}
