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
// luma. Transparency is passed through untouched. CMYK has no such reading: it
// is converted to sRGB, by its profile if it has one, and stays sRGB. Other
// colour spaces are converted to RGB of 8 or 16 bits. Photos of floating-point
// numbers are refused: what they hold beyond full scale would be lost.
package promptcir

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir/onnx"
	"github.com/burnish-photo/burnish/ops/promptcir/tile"
)

// Spec describes the operator.
func Spec() ops.Spec {
	return ops.Spec{
		Name:       "promptcir",
		Summary:    "remove JPEG damage with a neural network; knows the damage by itself",
		Example:    "promptcir: {model: lite}",
		Version:    1,
		Grid:       ops.NeedsGrid,
		Sequential: true,
		Config:     func() ops.Config { return &Config{Model: "lite", SkipAbove: skipAbove} },
	}
}

// Config are the operator's parameters.
type Config struct {
	// Model is the name of a bundled model or of NAME.onnx in the folder of
	// models, or the path of an ONNX file.
	Model string `yaml:"model" help:"a bundled model, a name in restore.models, or the path of an .onnx file"`
	// Tile is the side in pixels of the windows that the network sees; 0 is
	// what the model was measured with. Larger windows repeat less work at
	// their edges and take more memory.
	Tile int `yaml:"tile" help:"side in pixels of the windows that the network sees; 0 is the model's own size" range:"0,2048"`
	// SkipAbove is the JPEG quality, 1 to 100, above which a photo is left
	// alone, unless it shows blocks of an earlier save; 100 restores all.
	SkipAbove int `yaml:"skip_above" help:"JPEG quality above which a photo that shows no blocks is left alone; 100 restores every photo" range:"1,100"`
}

const (
	feather = 16   // pixels over which neighbouring windows are blended
	maxTile = 2048 // a window of this side takes some 8 GB
	maxRuns = 4    // windows at a time; each has working memory of its own
	gpuRuns = 2    // one computes while the other is filled and read

	// Networks with more weights take a gigabyte and more for one window:
	// they run one at a time.
	largeNetwork = 10_000_000
)

// Validate reports parameters that no model could serve.
func (c *Config) Validate() error {
	if strings.TrimSpace(c.Model) == "" {
		return ops.Invalid("model", "wants the name of a model or the path of an .onnx file")
	}
	if c.Tile != 0 && (c.Tile < 64 || c.Tile > maxTile) {
		return ops.Invalid("tile", "wants 64 to %d pixels, or 0 for the model's own size, got %d", maxTile, c.Tile)
	}
	if c.SkipAbove < 1 || c.SkipAbove > 100 {
		return ops.Invalid("skip_above", "wants a JPEG quality of 1 to 100, got %d", c.SkipAbove)
	}
	return nil
}

// Check reports a model that cannot be found.
func (c *Config) Check(env ops.Env) error {
	if err := lookForModel(c.Model, env); err != nil {
		return ops.Invalid("model", "%v", err)
	}
	return nil
}

// Build finds and opens the model. Operators with the same model on the same
// device share it; the last to be closed closes it.
func (c *Config) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	if env.Networks != nil {
		if err := env.Networks(); err != nil {
			return nil, err
		}
	}
	source, err := findModel(c.Model, env)
	if err != nil {
		return nil, err
	}
	contract, err := onnx.InspectBytes(source.name, source.data)
	if err != nil {
		return nil, err
	}
	layout := tile.Fit(cmp.Or(c.Tile, contract.Tile), contract.Halo, feather, contract.Multiple)
	if err := layout.Validate(); err != nil {
		return nil, fmt.Errorf("model %s: %w", source.name, err)
	}
	runs, threads := split(env.Threads, contract.Parameters)
	log := env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	options := onnx.Options{Device: env.Device, Require: env.Require, Threads: threads, Log: log}
	open := func(o onnx.Options) (*shared, error) { return acquire(source, contract.Digest, o) }
	model, err := open(options)
	if err != nil {
		return nil, err
	}
	if model.Device() != "cpu" {
		runs = gpuRuns
	}
	asked := env.Device != "" && env.Device != "auto"
	return &operator{
		model: model, ladder: newLadder(model, layout, open, options), layout: layout,
		runs: runs, asked: asked, skipAbove: c.SkipAbove, log: log,
	}, nil
}

// split divides the threads that one photo may keep busy: into windows at a
// time, which cost nothing but memory, and threads for each, which wait for one
// another between the nodes of a network.
func split(threads int, parameters int64) (runs, each int) {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	if parameters > largeNetwork {
		return 1, threads
	}
	for n := min(threads, maxRuns); n >= min(threads, 2); n-- {
		if n*(threads/n) > runs*each {
			runs, each = n, threads/n
		}
	}
	return runs, each
}
