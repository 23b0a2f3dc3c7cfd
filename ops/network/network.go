// Package network restores photos with any image-to-image network in an ONNX
// file: one that takes N×3×H×W float32 and answers with the same shape. It is the
// engine of operators such as promptcir, which add a Spec, parameters and models.
//
// It is the only place where pixels become floats. A photo is pulled through the
// network strip by strip and tile by tile (package tile), so that photos of any
// size pass through bounded memory. It knows neither files nor other operators.
//
// # Add a model family
//
// A family's package has a Spec and a Config whose Build finds the models and
// hands them over:
//
//	func (c *Config) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
//		model, err := catalogue.Find(c.Model, env)
//		if err != nil {
//			return nil, err
//		}
//		return network.New(network.Options{Name: "denoise", Models: []network.Model{model}, Strength: 1}, env)
//	}
//
// A [Contract] says what a model accepts: multiple, tile, halo, range. Burnish's
// own exports carry it in their metadata; for the file of another program the
// family declares it in [Model.Contract].
//
// # Devices, checks, fallbacks
//
// Models run on every device asked for, on GPUs several tiles at a time. Each is
// tested with a known input when it is opened (package onnx). Every tile's answer
// is checked ([check]): one that is not finite, or moves the mean colour by more
// than restoration does, is rejected, and the tile runs again by the next
// fallback: in full precision, in smaller tiles, on the CPU. Where none answers
// well the photo fails; a bad answer is never used.
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
package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Contract is what a model says of itself, or a family of it.
type Contract = onnx.Contract

// Options say how models restore photos.
type Options struct {
	Name     string  // of the operator, for people
	Models   []Model // one, or several whose answers are averaged
	Tiling   Tiling
	Strength float64 // how much of what the network changes is taken, 0 to 1
	Skip     Skip
	Finish   Finish // nil: restored photos are final
	// Drift is how far the mean colour of a block of an answer may be from the
	// photo's, as a part of full scale, before the answer is rejected; 0: as far as
	// restoration moves it.
	Drift  float64
	Values ValuesFunc // nil: the networks have no other inputs than the photo
}

// Skip leaves photos alone that need no restoration. Functions that are nil
// decide nothing.
type Skip struct {
	// File decides by the facts of the file, before a pixel is read. src may be nil.
	File func(src *ops.Source) (reason string, skip bool)
	// Tiles returns a judge of one photo, by what the network would change in its
	// tiles; or none, and the reason, where the photo is restored unjudged.
	Tiles func(in ops.Image) (judge Judge, reason string)
}

// Judge decides whether one photo is left alone.
type Judge interface {
	// Tile sees a tile and the network's answer; part is what of them lies within
	// the photo. It is called from several goroutines, in any order.
	Tile(in, out tile.Planar, part tile.Rect)
	// Verdict is asked once all tiles have been seen: all of a small photo, some
	// representative ones of a large one.
	Verdict() (reason string, skip bool)
}

// Finish changes restored photos.
type Finish interface {
	// Apply owns restored; the caller closes what it returns.
	Apply(ctx context.Context, in ops.Image, restored *vips.Image) (*vips.Image, error)
	// Bytes is the memory that Apply takes; see [ops.CostEstimator].
	Bytes(width, height, pixel int) int64
}

// New opens the models on the devices of env. Operators with the same model on
// the same device share it; the last to be closed closes it.
func New(o Options, env ops.Env) (*Operator, error) { return open(o, env, split) }

// open divides the threads as given.
func open(o Options, env ops.Env, divide splitter) (_ *Operator, err error) {
	if len(o.Models) == 0 {
		return nil, errors.New("no model to restore with")
	}
	if env.Networks != nil {
		if err := env.Networks(); err != nil {
			return nil, err
		}
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	op := &Operator{name: o.Name, strength: o.Strength, skip: o.Skip, finish: o.Finish, drift: cmp.Or(o.Drift, blockShift), values: o.Values, log: env.Log, results: results{env.Cache, env.InMemory, env.Scratch}}
	for _, m := range o.Models {
		contract, err := onnx.Inspect(m.Name, m.Data, m.Contract)
		if err != nil {
			return nil, err
		}
		op.contracts = append(op.contracts, contract)
	}
	common, err := commonContract(op.contracts)
	if err != nil {
		return nil, err
	}
	if op.tiling, err = o.Tiling.fit(common); err != nil {
		return nil, err
	}
	op.scale = op.tiling.scale
	if op.scale > 1 && (o.Skip.Tiles != nil || o.Finish != nil) {
		return nil, fmt.Errorf("model %s: its answers are %d times as large as the photo, and %s compares the two", common.Name, op.scale, o.Name)
	}
	opener := opener{models: o.Models, contracts: op.contracts, layout: op.tiling.layout, env: env, split: divide}
	if op.devices, err = opener.open(); err != nil {
		return nil, err
	}
	// CPUs take tiles of any shape; GPUs prepare themselves for each.
	op.tiling.setFitted(op.devices.cpuOnly(), op.devices.runs())
	return op, nil
}

// commonContract is what tiles have to be for all of the models.
func commonContract(contracts []onnx.Contract) (onnx.Contract, error) {
	all := contracts[0]
	for _, c := range contracts[1:] {
		if max(c.Scale, 1) != max(all.Scale, 1) || c.Fixed != all.Fixed {
			return all, fmt.Errorf("models %s and %s cannot be averaged: their answers or their tiles differ in size", all.Name, c.Name)
		}
		all.Multiple = tile.Common(all.Multiple, c.Multiple)
		all.Halo, all.Tile = max(all.Halo, c.Halo), max(all.Tile, c.Tile)
	}
	return all, nil
}
