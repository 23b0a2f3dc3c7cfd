package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// Device is where a model is to run.
type Device struct {
	Kind  string // auto, cpu, cuda or tensorrt
	Index int    // which of several GPUs
}

// ParseDevice reads restore.device: auto (or nothing), cpu, cuda, cuda:N,
// tensorrt, tensorrt:N.
func ParseDevice(s string) (Device, error) {
	kind, number, indexed := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ":")
	if kind == "" && !indexed {
		kind = "auto"
	}
	d := Device{Kind: kind}
	_, gpu := gpus[kind]
	if !gpu && kind != "auto" && kind != "cpu" {
		return d, fmt.Errorf("device %q is unknown: auto, cpu, cuda, cuda:N, tensorrt and tensorrt:N are", s)
	}
	if !indexed {
		return d, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || !gpu {
		return d, fmt.Errorf("device %q: a number from 0 on may follow cuda: and tensorrt:, nothing else", s)
	}
	d.Index = n
	return d, nil
}

func (d Device) String() string {
	if _, gpu := gpus[d.Kind]; gpu {
		return fmt.Sprintf("%s:%d", d.Kind, d.Index)
	}
	return d.Kind
}

// gpu is how one kind of GPU device is appended to a session's options.
type gpu struct {
	provider string // name of the built-in provider
	plugin   string // part of the names that plug-ins give theirs, lower case
	builtin  func(so *ort.SessionOptions, d Device, o Options) error
}

var gpus = map[string]gpu{
	"cuda":     {"CUDAExecutionProvider", "cuda", appendCUDA},
	"tensorrt": {"TensorrtExecutionProvider", "tensorrt", appendTensorRT},
}

// appendDevice makes the session prefer d: by the provider that is built into
// the library, else by a plug-in's.
func appendDevice(so *ort.SessionOptions, d Device, o Options) error {
	g := gpus[d.Kind]
	builtin := offered(g.provider)
	if builtin == nil {
		builtin = g.builtin(so, d, o)
	}
	if builtin == nil {
		return nil
	}
	devices, err := pluginDevices(g.plugin)
	if err != nil {
		return errors.Join(builtin, err)
	}
	if len(devices) == 0 {
		return builtin
	}
	if d.Index >= len(devices) {
		return fmt.Errorf("invalid device ordinal %d: plug-in %s has %d", d.Index, devices[0].EpName(), len(devices))
	}
	if err := so.AppendExecutionProviderV2(devices[d.Index:d.Index+1], nil); err != nil {
		return errors.Join(builtin, fmt.Errorf("plug-in %s: %w", devices[d.Index].EpName(), err))
	}
	return nil
}

// offered checks that a built-in provider can be tried at all. ONNX Runtime
// would tell the same less clearly.
func offered(provider string) error {
	names, err := started().providers()
	if err != nil {
		return err
	}
	if !slices.Contains(names, provider) {
		return fmt.Errorf("%s is not enabled in this build", provider)
	}
	shared := filepath.Join(filepath.Dir(Library()), "libonnxruntime_providers_shared.so")
	if _, err := os.Stat(shared); err != nil {
		return fmt.Errorf("%s: cannot open shared object file", shared)
	}
	return nil
}

// pluginDevices are the devices of registered plug-ins whose name contains part.
func pluginDevices(part string) ([]ort.EpDevice, error) {
	all, err := ort.GetEpDevices()
	if err != nil {
		return nil, fmt.Errorf("list devices of plug-in providers: %w", err)
	}
	return slices.DeleteFunc(all, func(d ort.EpDevice) bool {
		return !strings.Contains(strings.ToLower(d.EpName()), part)
	}), nil
}

func appendCUDA(so *ort.SessionOptions, d Device, o Options) error {
	opts, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer destroy(opts)
	set := map[string]string{
		"device_id":              strconv.Itoa(d.Index),
		"arena_extend_strategy":  "kSameAsRequested", // the default doubles, and never gives back
		"cudnn_conv_algo_search": "HEURISTIC",        // the default times every convolution at every new shape
	}
	if o.GPUMemory > 0 {
		set["gpu_mem_limit"] = strconv.FormatInt(o.GPUMemory, 10)
	}
	if o.FullPrecision {
		set["use_tf32"] = "0"
	}
	if err := opts.Update(set); err != nil {
		return err
	}
	return so.AppendExecutionProviderCUDA(opts)
}

// appendTensorRT puts CUDA behind TensorRT, for what TensorRT does not know.
func appendTensorRT(so *ort.SessionOptions, d Device, o Options) error {
	opts, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer destroy(opts)
	if err := opts.Update(map[string]string{"device_id": strconv.Itoa(d.Index)}); err != nil {
		return err
	}
	if err := so.AppendExecutionProviderTensorRT(opts); err != nil {
		return err
	}
	return appendCUDA(so, d, o)
}
