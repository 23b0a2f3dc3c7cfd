package tools

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/network/manifest"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/probe"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// Inspection is what an ONNX file is, and how the operator network would run it.
type Inspection struct {
	Path      string            `json:"path"`
	SHA256    string            `json:"sha256"`
	Bytes     int               `json:"bytes"` // with weights in files beside it
	Producer  string            `json:"producer,omitempty"`
	Opset     int64             `json:"opset"`
	Domains   map[string]int64  `json:"domains,omitempty"` // of operators that are not ONNX's own
	Weights   int64             `json:"weights"`
	Operators map[string]int    `json:"operators"`
	Inputs    []string          `json:"inputs"`
	Outputs   []string          `json:"outputs"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Contract  []probe.Fact      `json:"contract,omitempty"`
	Missing   []string          `json:"missing,omitempty"` // inputs that need a value, which nobody gives
	Manifest  string            `json:"manifest,omitempty"`
	Speed     *Speed            `json:"speed,omitempty"`
	Error     string            `json:"error,omitempty"` // why burnish cannot run it
}

// Speed is what one tile took on the CPU.
type Speed struct {
	Tile         [2]int  `json:"tile"` // width and height of what the network sees
	SecondsPerMP float64 `json:"seconds_per_megapixel"`
	MACsPerPixel float64 `json:"macs_per_pixel"`
	PeakBytes    int64   `json:"peak_bytes,omitempty"` // of the process above what it held before; 0: not told
	Threads      int     `json:"threads"`
}

// InspectModel describes the model in a file, and runs it on small images.
// [plugin.StartRestoration] has been called. The error is one of reading the file;
// why a model cannot be run is in the inspection.
func InspectModel(ctx context.Context, path string, threads int) (Inspection, error) {
	data, err := onnx.Load(path)
	if err != nil {
		return Inspection{Path: path, Error: err.Error()}, err
	}
	file, err := onnx.Describe(path, data)
	if err != nil {
		return Inspection{Path: path, Error: err.Error()}, nil
	}
	i := Inspection{
		Path: path, SHA256: file.SHA256, Bytes: file.Bytes, Producer: file.Producer, Opset: file.Opset, Domains: file.Domains,
		Weights: file.Weights, Operators: file.Operators, Inputs: names(file.Inputs), Outputs: names(file.Outputs), Metadata: file.Metadata,
	}
	var said []probe.Said
	m, ok, err := manifest.Beside(path)
	if err != nil {
		i.Error = err.Error()
		return i, nil
	}
	if ok && (m.SHA256 == "" || strings.EqualFold(m.SHA256, file.SHA256)) {
		said = append(said, probe.Said{From: probe.FromManifest, Keys: m.Keys})
	}
	threads = cmp.Or(threads, admission.Cores())
	found, err := probe.Resolve(ctx, path, data, said, probe.Options{Threads: threads})
	i.Contract, i.Missing = found.Facts, found.Missing
	if ctx.Err() != nil {
		return i, context.Cause(ctx)
	}
	if err != nil {
		i.Error = err.Error()
		return i, nil
	}
	found.Manifest.Name, found.Manifest.Licence, found.Manifest.Source = cmp.Or(m.Name, found.Manifest.Name), m.Licence, m.Source
	i.Manifest = found.Manifest.Text()
	if i.Speed, err = speed(ctx, path, data, found.Contract, threads); err != nil {
		i.Error = err.Error()
	}
	return i, nil
}

func names(ports []onnx.Port) (all []string) {
	for _, p := range ports {
		all = append(all, p.String())
	}
	return all
}

// speed opens the model as a step would and times a tile.
func speed(ctx context.Context, path string, data []byte, c onnx.Contract, threads int) (*Speed, error) {
	host := admission.ThisHost
	resetPeak()
	before := host.Peak()
	model, err := onnx.OpenBytes(path, data, onnx.Options{Device: device.CPU, Threads: threads, Contract: &c})
	if err != nil {
		return nil, err
	}
	defer model.Close()
	w, h := c.Fixed[0], c.Fixed[1]
	if w == 0 {
		w = max(min(c.Tile, 256)/c.Multiple, 1) * c.Multiple
		h = w
	}
	scale := max(c.Scale, 1)
	in, out := probe.Picture(w, h), make([]float32, 3*w*h*scale*scale)
	var values []float64
	for _, v := range c.Form.Values {
		values = append(values, v.Test)
	}
	s := &Speed{Tile: [2]int{w, h}, SecondsPerMP: math.Inf(1), MACsPerPixel: model.SelfTest().MACs, Threads: threads}
	for range 2 {
		began := time.Now()
		if err := model.Run(ctx, in, 1, h, w, out, values...); err != nil {
			return nil, err
		}
		s.SecondsPerMP = min(s.SecondsPerMP, time.Since(began).Seconds()/float64(w*h)*1e6)
	}
	if after := host.Peak(); after > before && before > 0 {
		s.PeakBytes = after - before
	}
	return s, nil
}

// Print writes the inspection for people.
func (i Inspection) Print(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, diag.Printable(fmt.Sprintf(format, args...)))
	}
	row("file", "%s", i.Path)
	if i.SHA256 != "" {
		row("size", "%s, %d weights", diag.Size(i.Bytes), i.Weights)
		row("sha256", "%s", i.SHA256)
		row("opset", "%d%s", i.Opset, i.domains())
		for _, p := range i.Inputs {
			row("input", "%s", p)
		}
		for _, p := range i.Outputs {
			row("output", "%s", p)
		}
	}
	if i.Producer != "" {
		row("written by", "%.80s", i.Producer)
	}
	for _, key := range slices.Sorted(maps.Keys(i.Metadata)) {
		if strings.HasPrefix(key, "burnish.") { // told below, as what it means
			continue
		}
		row("metadata", "%.60s = %.80q", key, i.Metadata[key])
	}
	_ = t.Flush()
	if len(i.Contract) > 0 {
		fmt.Fprintln(out)
		for _, f := range i.Contract {
			if f.Key == "input" || f.Key == "output" {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", diag.Printable(f.Key), cmp.Or(diag.Printable(f.Value), "?"), diag.Printable(f.From), diag.Printable(f.Why))
		}
		_ = t.Flush()
	}
	if s := i.Speed; s != nil {
		fmt.Fprintf(out, "\nA tile of %d×%d pixels on the CPU, %d threads: %.3g s a megapixel, %.3g thousand multiply-accumulates a pixel", s.Tile[0], s.Tile[1], s.Threads, s.SecondsPerMP, s.MACsPerPixel/1e3)
		if s.PeakBytes > 0 {
			fmt.Fprintf(out, ", %s of memory", diag.Size(s.PeakBytes))
		}
		fmt.Fprintln(out, ".")
	}
	if len(i.Missing) > 0 {
		fmt.Fprintf(out, "\nA step or the manifest must give a number for %s, as values: {%s: …}.\n", diag.Printable(strings.Join(i.Missing, ", ")), diag.Printable(i.Missing[0]))
	}
}

func (i Inspection) domains() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(i.Domains)) {
		all = append(all, fmt.Sprintf("%s %d", name, i.Domains[name]))
	}
	if len(all) == 0 {
		return ""
	}
	return ", and " + strings.Join(all, ", ")
}
