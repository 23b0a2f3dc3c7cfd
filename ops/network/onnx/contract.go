package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// What a network may ask for, so that a wrong number in a file takes neither the
// memory nor the process: sides in pixels, and multiply-accumulates a pixel.
const (
	mostSide  = 8192
	mostScale = 8
	mostMACs  = 1e12
)

// contractVersion is the form of the metadata that this package reads.
const contractVersion = "1"

// Contract is what a model says of itself in the metadata of its ONNX file, and
// all that a caller has to know to feed it.
type Contract struct {
	Name, Version string
	Multiple      int     // sides of the input are multiples of this
	Tile          int     // side of the input that the model was measured with
	Halo          int     // pixels from the edge of the input that are worse than the rest
	RangeLow      float32 // black
	RangeHigh     float32 // full scale
	Scale         int     // how many times larger the answer is than the image; 0: once
	Fixed         [2]int  // width and height that the image must have; 0, 0: any multiple
	Alone         bool    // it takes one image at a time
	Form          Form    // of a file of another program
	Colour        string  // encoding of the three channels: sRGB
	QF            [2]int  // JPEG qualities that it was trained on, inclusive; 0, 0 when not said
	Parameters    int64   // number of weights; 0 when not said
	MACs          float64 // multiply-accumulates a pixel; 0 when not said
	Weights       string  // SHA-256 of the weights, as the export computed it
	Licence       string
	Credits       string
	Digest        string // SHA-256 of the whole file, hexadecimal; computed, not read
	Computes      string // digest of nodes and weights alone, hexadecimal; computed, not read
}

// Inspect reads the contract of a model in memory, without ONNX Runtime; name is
// for messages. A declared contract stands for the one that the file should carry.
func Inspect(name string, data []byte, declared *Contract) (Contract, error) {
	c, _, err := inspect(name, data, declared)
	return c, err
}

func inspect(name string, data []byte, declared *Contract) (Contract, graph, error) {
	g, err := readGraph(data)
	if err != nil {
		return Contract{}, g, fmt.Errorf("model %s: %w", name, err)
	}
	var c Contract
	if declared != nil {
		c, err = *declared, declared.validate()
	} else {
		c, err = readContract(g.metadata)
	}
	if err == nil && declared == nil {
		err = g.fits()
	}
	if err != nil {
		return Contract{}, g, fmt.Errorf("model %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	c.Digest = hex.EncodeToString(sum[:])
	if c.Computes, err = computes(data); err != nil {
		return Contract{}, g, fmt.Errorf("model %s: %w", name, err)
	}
	return c, g, nil
}

// validate checks a contract that no file carries.
func (c Contract) validate() error {
	if c.Scale < 0 || c.Scale > mostScale || c.Fixed[0] < 0 || c.Fixed[0] > mostSide || c.Fixed[1] < 0 || c.Fixed[1] > mostSide {
		return fmt.Errorf("contract %+v: scale must be 1 to %d, a fixed size at most %d", c, mostScale, mostSide)
	}
	if c.Name == "" || c.Multiple < 1 || c.Multiple > mostSide || c.Tile < 1 || c.Tile > mostSide || c.Halo < 0 || c.Halo > mostSide || !(c.RangeLow < c.RangeHigh) || c.MACs < 0 || c.MACs > mostMACs {
		return fmt.Errorf("contract %+v: name must be given, multiple and tile must be 1 to %d, halo 0 to %d, the range must rise", c, mostSide, mostSide)
	}
	return nil
}

// fits checks that the network maps N×3×H×W float32 to the same.
func (g graph) fits() error {
	if len(g.inputs) != 1 || len(g.outputs) != 1 {
		return fmt.Errorf("it has %d inputs and %d outputs; a restoration network has one of each", len(g.inputs), len(g.outputs))
	}
	for _, v := range []value{g.inputs[0], g.outputs[0]} {
		if v.elem != 1 || len(v.dims) != 4 || v.dims[1] != 3 && v.dims[1] != 0 {
			return fmt.Errorf("%s has element type %d and shape %v; float32 (1) of N×3×H×W is needed: cast inside the model", v.name, v.elem, v.dims)
		}
	}
	return nil
}

// readContract reads the metadata. It reports all faults at once.
func readContract(meta map[string]string) (Contract, error) {
	switch v, ok := meta["burnish.contract"]; {
	case !ok:
		return Contract{}, errors.New(`it carries no contract (metadata "burnish.contract"), so its tile size and range are unknown: export it with "python -m model.export"`)
	case v != contractVersion:
		return Contract{}, fmt.Errorf("its contract has version %q, this Burnish reads %q: export the model again or update Burnish", v, contractVersion)
	}
	r := metaReader{meta: meta}
	c := Contract{
		Name: r.text("name"), Version: r.text("version"),
		Multiple: int(r.number("multiple", 1, mostSide)), Tile: int(r.number("tile", 1, mostSide)), Halo: int(r.number("halo", 0, mostSide)),
		Colour: r.text("colour"),
		// The rest informs people; a model is usable without it.
		Weights: meta["burnish.weights"], Licence: meta["burnish.licence"], Credits: meta["burnish.credits"],
	}
	c.RangeLow, c.RangeHigh = r.interval("range")
	if _, ok := meta["burnish.qf"]; ok {
		low, high := r.interval("qf")
		c.QF = [2]int{int(low), int(high)}
	}
	if _, ok := meta["burnish.parameters"]; ok {
		c.Parameters = r.number("parameters", 0, math.MaxInt64)
	}
	if text, ok := meta["burnish.macs"]; ok {
		var err error
		if c.MACs, err = strconv.ParseFloat(text, 64); err != nil || !(c.MACs > 0 && c.MACs <= mostMACs) {
			r.fault("macs", "a number of multiply-accumulates a pixel is needed")
		}
	}
	if c.Colour != "" && c.Colour != "sRGB" {
		r.fault("colour", "only sRGB is known")
	}
	return c, errors.Join(r.faults...)
}

// metaReader reads values of the contract and gathers what is wrong with them.
type metaReader struct {
	meta   map[string]string
	faults []error
}

func (r *metaReader) fault(key, text string) {
	r.faults = append(r.faults, fmt.Errorf("metadata burnish.%s is %.60q: %s", key, r.meta["burnish."+key], text))
}

func (r *metaReader) text(key string) string {
	v := r.meta["burnish."+key]
	if v == "" {
		r.fault(key, "it must be given")
	}
	return v
}

func (r *metaReader) number(key string, least, most int64) int64 {
	n, err := strconv.ParseInt(r.meta["burnish."+key], 10, 64)
	if err != nil || n < least || n > most {
		r.fault(key, fmt.Sprintf("a whole number from %d to %d is needed", least, most))
		return least
	}
	return n
}

// interval reads "low,high".
func (r *metaReader) interval(key string) (low, high float32) {
	a, b, ok := strings.Cut(r.meta["burnish."+key], ",")
	l, err1 := strconv.ParseFloat(strings.TrimSpace(a), 32)
	h, err2 := strconv.ParseFloat(strings.TrimSpace(b), 32)
	if !ok || err1 != nil || err2 != nil || !(l < h) || math.IsInf(l, 0) || math.IsInf(h, 0) {
		r.fault(key, `two numbers "low,high" are needed`)
		return 0, 1
	}
	return float32(l), float32(h)
}
