package onnx

import (
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
)

// A graph with an endless Loop never opens; nothing was said of it.
func TestAModelThatNeverOpensIsNamed(t *testing.T) {
	t.Cleanup(func() { stuck.Store(false) })
	never := make(chan struct{})
	defer close(never)
	_, err := bounded("/models/endless.onnx", 20*time.Millisecond, func() (*Model, error) { <-never; return nil, nil })
	if err == nil || !strings.Contains(err.Error(), "/models/endless.onnx") || !strings.Contains(err.Error(), "loop") {
		t.Errorf("%v", err)
	}
	if !stuck.Load() {
		t.Error("the runtime would be taken down while it works")
	}
	want := &Model{}
	if got, err := bounded("m", time.Minute, func() (*Model, error) { return want, nil }); got != want || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if longestOpening(device.CPU) > 10*time.Minute || longestOpening(device.Device{Kind: "tensorrt"}) < 30*time.Minute {
		t.Error("compiling an engine takes longer than opening a graph")
	}
}
