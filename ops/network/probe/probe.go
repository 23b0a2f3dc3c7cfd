// Package probe finds out how a network of another program wants its image and how it
// answers: from what people say of it, from its file, and by running it on small
// images. Everything that it finds comes with how it was found.
package probe

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/network/manifest"
	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// Where a fact is from.
const (
	FromStep     = "step"
	FromManifest = "manifest"
	FromMetadata = "metadata"
	FromFile     = "file"     // types and shapes in the file
	Measured     = "measured" // by running the network
	Assumed      = "assumed"  // as most networks are
)

// Fact is one thing that is known of a model.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"`
	Why   string `json:"why,omitempty"`
}

// Said is what somebody says of a model.
type Said struct {
	From string
	Keys manifest.Keys
}

// Result is what was found out.
type Result struct {
	Contract onnx.Contract
	File     onnx.File
	Facts    []Fact
	Manifest manifest.Manifest // that says all of it
	Ignored  []string          // outputs
	Missing  []string          // inputs that need a value, which nobody gives
}

// Options say how to look.
type Options struct {
	Threads int
	// Values are the numbers to try, by the input's name; an input without one gets
	// a half.
	Values map[string]float64
	// Limit is how long a run on a small image may take; 0: a minute.
	Limit time.Duration
}

// Resolve finds out what is not said of a model. said is in the order of who is right.
// name is for messages, and data is the whole of the file.
func Resolve(ctx context.Context, name string, data []byte, said []Said, o Options) (Result, error) {
	file, err := onnx.Describe(name, data)
	if err != nil {
		return Result{}, err
	}
	r := &resolver{ctx: ctx, name: name, data: data, options: o}
	if r.options.Limit == 0 {
		r.options.Limit = time.Minute
	}
	r.File = file
	if err := r.gather(said); err != nil {
		return r.Result, fmt.Errorf("model %s: %w", name, err)
	}
	for _, find := range []func() error{r.roles, r.form, r.known, r.measure, r.finish} {
		if err := find(); err != nil {
			return r.Result, fmt.Errorf("model %s: %w", name, err)
		}
	}
	return r.Result, nil
}

// resolver is the work on one model.
type resolver struct {
	Result
	ctx     context.Context
	name    string
	data    []byte
	options Options

	said   manifest.Keys   // by all
	by     map[string]Said // who says a key
	own    *onnx.Contract  // of Burnish's own exports
	broken error           // why there is none, where the file says that there is one
	image  onnx.Port
	answer onnx.Port
}

// gather joins what is said, with what the file's metadata say.
func (r *resolver) gather(said []Said) error {
	if text := r.File.Metadata[manifest.Property]; text != "" {
		m, err := manifest.Parse("metadata "+manifest.Property, []byte(text))
		if err != nil {
			return err
		}
		r.Manifest = m
		said = append(slices.Clone(said), Said{FromMetadata, m.Keys})
	}
	if _, ok := r.File.Metadata["burnish.contract"]; ok {
		c, err := onnx.Inspect(r.name, r.data, nil)
		if err != nil {
			r.broken = errors.New(strings.TrimPrefix(err.Error(), "model "+r.name+": "))
			return nil
		}
		r.own = &c
		said = append(slices.Clone(said), Said{FromMetadata, manifest.Keys{
			Layout: "nchw", Channels: onnx.RGB, Range: manifest.Interval{float64(c.RangeLow), float64(c.RangeHigh)},
			Scale: 1, Multiple: c.Multiple, Tile: c.Tile, Halo: c.Halo,
		}})
	}
	r.by = map[string]Said{}
	for _, s := range said {
		for key := range s.Keys.Said() {
			if _, ok := r.by[key]; !ok {
				r.by[key] = s
			}
		}
		r.said = r.said.Over(s.Keys)
	}
	return r.said.Validate()
}

// fact notes something, by whoever says it, or as it was found.
func (r *resolver) fact(key, value, from, why string) {
	if s, ok := r.by[key]; ok {
		from, why = s.From, ""
	}
	r.Facts = append(r.Facts, Fact{key, value, from, why})
}

// finish makes the contract whole.
func (r *resolver) finish() error {
	c := &r.Contract
	if c.Name = r.Manifest.Name; c.Name == "" {
		c.Name = strings.TrimSuffix(filepath.Base(r.name), ".onnx")
	}
	c.Parameters = r.File.Weights
	if r.own != nil {
		c.Name, c.Version, c.MACs, c.Licence, c.Parameters = r.own.Name, r.own.Version, r.own.MACs, r.own.Licence, r.own.Parameters
	}
	c.Tile = r.said.Tile
	if c.Fixed != [2]int{} {
		c.Tile = max(c.Fixed[0], c.Fixed[1])
	} else if c.Tile == 0 {
		c.Tile = max(usualTile, 4*c.Halo, c.Multiple)
		r.fact("tile", fmt.Sprint(c.Tile), Assumed, "larger tiles compute less twice and take more memory")
	} else {
		r.fact("tile", fmt.Sprint(c.Tile), "", "")
	}
	m := &r.Manifest
	m.Version, m.Name, m.Licence, m.SHA256 = 1, c.Name, c.Licence, r.File.SHA256
	m.Keys = manifest.Keys{
		Layout: layoutName(c.Form.NHWC), Channels: c.Form.Channels, Range: manifest.Interval{float64(c.RangeLow), float64(c.RangeHigh)},
		Mean: r.said.Mean, Std: r.said.Std, OutputRange: r.said.OutputRange, Scale: max(c.Scale, 1), Values: r.said.Values, Halo: c.Halo,
	}
	if len(r.File.Inputs) > 1 {
		m.Input = c.Form.Image
	}
	if len(r.File.Outputs) > 1 {
		m.Output = c.Form.Answer
	}
	if c.Fixed != [2]int{} {
		m.Size = manifest.Sides{float64(c.Fixed[0]), float64(c.Fixed[1])}
	} else {
		m.Multiple, m.Tile = c.Multiple, c.Tile
	}
	return nil
}

// usualTile is the side of tiles in pixels where nothing else is said.
const usualTile = 256

func layoutName(nhwc bool) string {
	if nhwc {
		return "nhwc"
	}
	return "nchw"
}
