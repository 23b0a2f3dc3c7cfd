package onnx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/network/kernels"
	ort "github.com/yalue/onnxruntime_go"
)

// builder opens sessions of one model.
type builder struct {
	name     string
	data     []byte
	contract Contract
	codec    codec
	graph    graph
	options  Options
	profiles string // folder for profiles of the self-test; "" for none
	plain    []byte // the model as it was, where data has fused blocks in it
	blocks   int    // fused ones in data
	kernels  string // their instruction set
}

// build opens the model on the device wanted, or on the CPU.
func (b *builder) build(want device.Device) (_ *Model, err error) {
	log := b.options.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if b.profiles, err = os.MkdirTemp("", "burnish-profile-"); err == nil {
		defer os.RemoveAll(b.profiles)
	}
	m := &Model{name: b.name, contract: b.contract, codec: b.codec, device: device.CPU}
	if want.Kind != "cpu" {
		try := want
		if want.IsAuto() {
			try = device.Device{Kind: "cuda"}
		}
		s, selfTest, err := b.deviceSession(try)
		if err == nil {
			m.session, m.device, m.selfTest = s, try, selfTest
			log.Log(context.Background(), b.interest(), "model opened", "model", b.name, "device", m.Device().String(), "self_test", selfTest.String())
			return m, nil
		}
		if b.options.Require {
			return nil, fmt.Errorf("open model %s: %w", b.name, err)
		}
		m.fallback = b.announce(log, want, err)
	}
	if m.session, m.selfTest, err = b.cpuSession(log); err != nil {
		return nil, fmt.Errorf("open model %s: %s", b.name, explainModel(err))
	}
	log.Log(context.Background(), b.interest(), "model opened", "model", b.name, "device", m.Device().String(), "self_test", m.selfTest.String())
	return m, nil
}

// interest is the level of what is told of the device: that of news only where
// somebody asked for one by name.
func (b *builder) interest() slog.Level {
	if d := b.options.Device; d.IsAuto() || d.Kind == "cpu" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// cpuSession opens the model on the CPU: with fused kernels where the model names
// blocks for them and they agree with the graph, else as the graph is.
func (b *builder) cpuSession(log *slog.Logger) (*ort.DynamicAdvancedSession, SelfTest, error) {
	cpu := device.CPU
	if s, selfTest, err := b.fusedSession(log); err == nil {
		return s, selfTest, nil
	} else if !errors.Is(err, errNotFused) {
		log.Warn("fused kernels unavailable", "model", b.name, "reason", err)
	}
	s, err := b.session(cpu)
	if err != nil {
		return nil, SelfTest{}, err
	}
	// The graph on the CPU is what others are compared with: here the test only measures.
	selfTest, err := b.verify(s, cpu)
	if err != nil {
		log.Debug("self-test failed", "model", b.name, "error", err)
	}
	return s, selfTest, nil
}

// errNotFused is why a model is run as its graph is, when that is as it should be.
var errNotFused = errors.New("the model has no fused blocks")

// fusedSession opens the model on the CPU with fused kernels, once they have
// answered as the graph does: with those of single precision where rounded ones,
// which nobody asked for by name, do not.
func (b *builder) fusedSession(log *slog.Logger) (*ort.DynamicAdvancedSession, SelfTest, error) {
	sets, err := kernels.Choose(b.options.Kernels)
	if b.options.Unfused || len(sets) == 0 && err == nil {
		return nil, SelfTest{}, errNotFused
	}
	if err != nil {
		return nil, SelfTest{}, err
	}
	if b.options.FullPrecision && b.options.Kernels == "" {
		sets = slices.DeleteFunc(slices.Clone(sets), kernels.Rounds)
	}
	list, err := readBlocks(b.graph.metadata)
	if err != nil {
		return nil, SelfTest{}, err
	}
	if len(list) == 0 {
		return nil, SelfTest{}, errNotFused
	}
	data, err := rewrite(b.data, list)
	if err != nil {
		return nil, SelfTest{}, fmt.Errorf("metadata burnish.blocks: %w", err)
	}
	fused := *b
	fused.data, fused.plain, fused.blocks = data, b.data, len(list)
	err = errNotFused
	for i, set := range sets {
		fused.kernels = set
		s, selfTest, e := fused.verifiedSession()
		if e == nil {
			return s, selfTest, nil
		}
		if err = e; i+1 < len(sets) {
			log.Info("rounded kernels unavailable", "model", b.name, "kernels", set, "instead", sets[i+1], "reason", err)
		}
	}
	return nil, SelfTest{}, err
}

// verifiedSession opens the model on the CPU and verifies that it answers as its graph does.
func (b *builder) verifiedSession() (*ort.DynamicAdvancedSession, SelfTest, error) {
	s, err := b.session(device.CPU)
	if err != nil {
		return nil, SelfTest{}, err
	}
	selfTest, err := b.verify(s, device.CPU)
	if err != nil {
		destroy(s)
		return nil, SelfTest{}, err
	}
	return s, selfTest, nil
}

// announce says once that the model runs on the CPU, and returns why: the cause
// in short and, where somebody asked for the device by name, what can be done.
func (b *builder) announce(log *slog.Logger, want device.Device, err error) string {
	why, level := err.Error(), slog.LevelWarn
	if de := (*DeviceError)(nil); errors.As(err, &de) {
		log.Debug("gpu not used", "model", b.name, "error", de.Err)
		why = fmt.Sprintf("device %s cannot be used: %s", de.Device, de.Cause)
		if want.IsAuto() {
			why, level = "no GPU: "+de.Cause.What, slog.LevelDebug
		}
	}
	log.Log(context.Background(), level, "running on the CPU", "model", b.name, "asked", want.String(), "reason", why)
	return why
}

// deviceSession opens the model on a device other than the CPU and verifies that
// it works there.
func (b *builder) deviceSession(d device.Device) (*ort.DynamicAdvancedSession, SelfTest, error) {
	var s *ort.DynamicAdvancedSession
	var selfTest SelfTest
	err := keepSignals(func() (err error) {
		if s, err = b.session(d); err != nil {
			return err
		}
		selfTest, err = b.verify(s, d)
		return err
	})
	if err != nil {
		if s != nil {
			destroy(s)
		}
		if d.Kind == "webgpu" {
			started().stuck.Store(true)
		}
		return nil, selfTest, &DeviceError{Device: d.String(), Cause: explain(err), Err: err}
	}
	return s, selfTest, nil
}

// session opens the model on d.
func (b *builder) session(d device.Device) (*ort.DynamicAdvancedSession, error) {
	so, err := b.sessionOptions()
	if err != nil {
		return nil, err
	}
	defer destroy(so)
	if d.Kind != "cpu" {
		if err := appendDevice(so, d, b.options); err != nil {
			return nil, err
		}
	}
	if b.blocks > 0 {
		if err := registerBlocks(so, b.kernels); err != nil {
			return nil, err
		}
	}
	bound := b.codec.bound
	return ort.NewDynamicAdvancedSessionWithONNXData(b.data, bound.inputs(), []string{bound.answer.name}, so)
}

// sessionOptions suit a daemon that runs tiles of few shapes: idle threads
// sleep, and one run at a time uses the threads it was given.
func (b *builder) sessionOptions() (*ort.SessionOptions, error) {
	so, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	threads := b.options.Threads
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	entries := map[string]string{
		"session.intra_op.allow_spinning": "0",
		"session.inter_op.allow_spinning": "0",
	}
	err = errors.Join(
		so.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		so.SetExecutionMode(ort.ExecutionModeSequential),
		so.SetIntraOpNumThreads(threads),
		so.SetInterOpNumThreads(1),
		so.SetCpuMemArena(true),
		so.SetMemPattern(false), // one block for a whole run: a third more memory, and no faster
	)
	if b.profiles != "" {
		err = errors.Join(err, so.EnableProfiling(filepath.Join(b.profiles, "self-test")))
	}
	for key, value := range entries {
		err = errors.Join(err, so.AddSessionConfigEntry(key, value))
	}
	if err != nil {
		destroy(so)
		return nil, fmt.Errorf("session options: %w", err)
	}
	return so, nil
}
