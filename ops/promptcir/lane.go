package promptcir

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// lane is one device with the operator's models opened on it.
type lane struct {
	models  []*shared // each the first of its ladder
	ladders []*ladder
	runs    int // windows of one photo at a time
	busy    int // windows under way, of all photos; guarded by operator.mu
}

func (l *lane) close() error {
	var errs []error
	for _, ladder := range l.ladders {
		errs = append(errs, ladder.close())
	}
	return errors.Join(errs...)
}

// openLanes opens the models on every device asked for. Where one of several
// cannot be had it is left out, said aloud, unless env.Require forbids that.
func (o *operator) openLanes(sources []source, env ops.Env) error {
	switch len(env.Devices) {
	case 0:
		return o.openLane(sources, device.Auto, env)
	case 1:
		return o.openLane(sources, env.Devices[0], env)
	}
	var missing []string
	for _, d := range env.Devices {
		one := env
		one.Require = true
		err := o.openLane(sources, d, one)
		if err != nil && env.Require {
			return err
		}
		if err != nil {
			o.log.Warn("a device is left out", "device", d.String(), "reason", err)
			missing = append(missing, brief(err))
		}
	}
	o.fallback = strings.Join(missing, "; ")
	if len(o.lanes) > 0 {
		return nil
	}
	return o.openLane(sources, device.CPU, env)
}

// brief is why a device cannot be used, without the runtime's own words.
func brief(err error) string {
	if de := (*onnx.DeviceError)(nil); errors.As(err, &de) {
		return fmt.Sprintf("device %s cannot be used: %s", de.Device, de.Cause)
	}
	return err.Error()
}

// openLane opens the models on one device, or on the one that replaces it.
func (o *operator) openLane(sources []source, d device.Device, env ops.Env) (err error) {
	l := &lane{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	for i, s := range sources {
		if err := o.openModel(l, s, o.contracts[i], d, env); err != nil {
			return err
		}
	}
	o.lanes = append(o.lanes, l)
	// CPUs take any shape of windows; GPUs prepare themselves for each.
	o.windows.fitted(!slices.ContainsFunc(o.lanes, func(l *lane) bool { return l.models[0].Device().Kind != "cpu" }), o.runs())
	return nil
}

// openModel opens one model of a lane and makes its ladder.
func (o *operator) openModel(l *lane, s source, contract onnx.Contract, d device.Device, env ops.Env) error {
	runs, threads := o.divide(o.threads, contract.Parameters)
	options := onnx.Options{Device: d, Require: env.Require, Threads: threads, Log: o.log}
	reopen := func(opts onnx.Options) (*shared, error) { return acquire(s, contract.Digest, runs, opts) }
	model, half, err := o.openHalf(s, contract, runs, options, env)
	if model == nil && err == nil {
		model, err = reopen(options)
	}
	if err != nil {
		return err
	}
	if o.fallback == "" {
		o.fallback = model.Fallback()
	}
	if model.Device().Kind == "cpu" || d.IsAuto() {
		options.Device = model.Device()
	}
	l.models = append(l.models, model)
	l.ladders = append(l.ladders, newLadder(model, half, o.windows.layout, reopen, options))
	if model.Device().Kind != "cpu" {
		runs = gpuRuns
	}
	if l.runs == 0 || runs < l.runs {
		l.runs = runs
	}
	return nil
}

// openHalf opens the model's half-precision form on a GPU, where there are both.
func (o *operator) openHalf(s source, full onnx.Contract, runs int, options onnx.Options, env ops.Env) (*shared, bool, error) {
	if options.Device.Kind == "cpu" {
		return nil, false, nil
	}
	half, ok := s.findHalf(env)
	if !ok {
		return nil, false, nil
	}
	c, err := onnx.InspectBytes(half.name, half.data)
	if err != nil {
		return nil, false, err
	}
	if c.Multiple != full.Multiple || c.RangeLow != full.RangeLow || c.RangeHigh != full.RangeHigh || c.Parameters != full.Parameters {
		return nil, false, fmt.Errorf("model %s is no half-precision form of %s: they differ in multiple, range or number of weights; export it again with --half, or remove it", half.name, s.name)
	}
	options.Require = true
	m, err := acquire(half, c.Digest, runs, options)
	if err != nil { // the full model will say why there is no such device
		o.log.Debug("the half-precision form was not opened", "model", half.name, "error", err)
		return nil, false, nil
	}
	return m, true, nil
}

// runs is the number of windows of one photo that are under way at a time.
func (o *operator) runs() (n int) {
	for _, l := range o.lanes {
		n += l.runs
	}
	return n
}

// take gives a window the lane with the most room.
func (o *operator) take() *lane {
	o.mu.Lock()
	defer o.mu.Unlock()
	best := o.lanes[0]
	for _, l := range o.lanes[1:] {
		if l.busy*best.runs < best.busy*l.runs {
			best = l
		}
	}
	best.busy++
	return best
}

func (o *operator) give(l *lane) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.busy--
}

// devices names where the models really run.
func (o *operator) devices() string {
	return o.each(func(m *shared) string { return m.Device().String() })
}

// proof is what the known-answer tests showed.
func (o *operator) proof() string {
	return o.each(func(m *shared) string { return m.Proof().String() })
}

func (o *operator) each(tell func(*shared) string) string {
	var all []string
	for _, l := range o.lanes {
		all = append(all, tell(l.models[0]))
	}
	return strings.Join(all, ", ")
}
