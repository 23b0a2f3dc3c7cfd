package network

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// devices share the tiles of an operator. They are safe for concurrent use.
type devices struct {
	runners  []*deviceRunner
	fallback string // why not all, or other, devices are used
	asked    bool   // somebody asked for the device by name

	mu sync.Mutex
}

// deviceRunner is one device with the operator's models opened on it.
type deviceRunner struct {
	models []*fallbacks
	runs   int // tiles of one photo at a time
	busy   int // tiles under way, of all photos; guarded by devices.mu
}

func (d *deviceRunner) close() error {
	var errs []error
	for _, m := range d.models {
		errs = append(errs, m.close())
	}
	return errors.Join(errs...)
}

func (d *devices) close() error {
	var errs []error
	for _, r := range d.runners {
		errs = append(errs, r.close())
	}
	return errors.Join(errs...)
}

// runs is the number of tiles of one photo that are under way at a time.
func (d *devices) runs() (n int) {
	for _, r := range d.runners {
		n += r.runs
	}
	return n
}

func (d *devices) cpuOnly() bool {
	for _, r := range d.runners {
		if r.models[0].usual.Device().Kind != "cpu" {
			return false
		}
	}
	return true
}

// take gives a tile the device with the most room, until give.
func (d *devices) take() *deviceRunner {
	d.mu.Lock()
	defer d.mu.Unlock()
	best := d.runners[0]
	for _, r := range d.runners[1:] {
		if r.busy*best.runs < best.busy*r.runs {
			best = r
		}
	}
	best.busy++
	return best
}

func (d *devices) give(r *deviceRunner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r.busy--
}

// String names where the models really run.
func (d *devices) String() string {
	return d.each(func(s *session) string { return s.Device().String() })
}

// selfTests are what those showed.
func (d *devices) selfTests() string {
	return d.each(func(s *session) string { return s.SelfTest().String() })
}

func (d *devices) each(tell func(*session) string) string {
	var all []string
	for _, r := range d.runners {
		all = append(all, tell(r.models[0].usual))
	}
	return strings.Join(all, ", ")
}

// opener opens models on devices.
type opener struct {
	models    []Model
	contracts []onnx.Contract
	layout    tile.Layout // that fallbacks make smaller
	env       ops.Env
	split     splitter
}

// open opens the models on every device asked for. One of several that cannot be
// had is skipped, said aloud, unless env.Require forbids that.
func (o opener) open() (_ *devices, err error) {
	d := &devices{asked: !o.env.Devices.IsAuto()}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	switch len(o.env.Devices) {
	case 0:
		return d, o.add(d, device.Auto, o.env.Require)
	case 1:
		return d, o.add(d, o.env.Devices[0], o.env.Require)
	}
	var missing []string
	for _, dev := range o.env.Devices {
		err := o.add(d, dev, true)
		if err != nil && (o.env.Require || errors.Is(err, ops.ErrNotOpen)) {
			return nil, err
		}
		if err != nil {
			o.env.Log.Warn("device skipped", event.DeviceSkipped.Attr(), "device", dev.String(), "reason", err)
			missing = append(missing, brief(err))
		}
	}
	d.fallback = strings.Join(missing, "; ")
	if len(d.runners) > 0 {
		return d, nil
	}
	return d, o.add(d, device.CPU, o.env.Require)
}

// brief is why a device cannot be used, without the runtime's own words.
func brief(err error) string {
	if de := (*onnx.DeviceError)(nil); errors.As(err, &de) {
		return fmt.Sprintf("device %s cannot be used: %s", de.Device, de.Cause)
	}
	return err.Error()
}

// add opens the models on one device, or on the one that replaces it.
func (o opener) add(d *devices, dev device.Device, require bool) error {
	r := &deviceRunner{}
	for i, m := range o.models {
		model, runs, err := o.openModel(m, o.contracts[i], dev, require)
		if err != nil {
			return errors.Join(err, r.close())
		}
		r.models = append(r.models, model)
		if r.runs == 0 || runs < r.runs {
			r.runs = runs
		}
		if d.fallback == "" {
			d.fallback = model.usual.Fallback()
		}
	}
	d.runners = append(d.runners, r)
	return nil
}

// openModel opens one model, of which so many tiles run at a time.
func (o opener) openModel(m Model, c onnx.Contract, dev device.Device, require bool) (_ *fallbacks, runs int, err error) {
	runs, threads := o.split(o.env.Threads, c.Parameters)
	options := onnx.Options{Device: dev, Require: require, Threads: threads, Log: o.env.Log}
	slots := runs
	reopen := func(opts onnx.Options) (*session, error) { return acquire(m, c.Digest, slots, opts, false) }
	model, half, err := o.openHalf(m, c, slots, options)
	if model == nil && err == nil {
		model, err = acquire(m, c.Digest, slots, options, o.env.OnlyOpen)
	}
	if err != nil {
		return nil, 0, err
	}
	if model.Device().Kind == "cpu" || dev.IsAuto() {
		options.Device = model.Device()
	}
	if model.Device().Kind != "cpu" {
		runs = gpuRuns
	}
	return newFallbacks(model, half, o.layout, reopen, options), runs, nil
}

// openHalf opens the model's half-precision form on a GPU, where there are both.
func (o opener) openHalf(m Model, full onnx.Contract, slots int, options onnx.Options) (*session, bool, error) {
	if options.Device.Kind == "cpu" || m.half == nil {
		return nil, false, nil
	}
	half, ok := m.half()
	if !ok {
		return nil, false, nil
	}
	if half.Contract == nil {
		half.Contract = m.Contract
	}
	c, err := onnx.Inspect(half.Name, half.Data, half.Contract)
	if err != nil {
		return nil, false, err
	}
	if c.Multiple != full.Multiple || c.RangeLow != full.RangeLow || c.RangeHigh != full.RangeHigh || c.Parameters != full.Parameters {
		return nil, false, fmt.Errorf("model %s is no half-precision form of %s: they differ in multiple, range or number of weights; export it again with --half, or remove it", half.Name, m.Name)
	}
	options.Require = true
	s, err := acquire(half, c.Digest, slots, options, o.env.OnlyOpen)
	if errors.Is(err, ops.ErrNotOpen) {
		return nil, false, err
	}
	if err != nil { // the full model will say why there is no such device
		o.env.Log.Debug("half-precision form not opened", "model", half.Name, "error", err)
		return nil, false, nil
	}
	return s, true, nil
}
