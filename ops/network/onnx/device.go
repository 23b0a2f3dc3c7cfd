package onnx

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops/device"
	ort "github.com/yalue/onnxruntime_go"
)

const cpuProvider = "CPUExecutionProvider"

// kind is how one kind of device is appended to a session's options.
type kind struct {
	provider string // name of the provider where it is built in
	plugin   string // part of the names that plug-ins give theirs, lower case
	short    string // the provider's name for the general call, where there is no builtin
	builtin  func(so *ort.SessionOptions, d device.Device, o Options) error
}

var kinds = map[string]kind{
	"cuda":          {"CUDAExecutionProvider", "cuda", "", appendCUDA},
	"tensorrt":      {"TensorrtExecutionProvider", "tensorrt", "", appendTensorRT},
	"openvino":      {"OpenVINOExecutionProvider", "openvino", "OpenVINO", nil},
	"migraphx":      {"MIGraphXExecutionProvider", "migraphx", "MIGraphX", nil},
	"webgpu":        {"WebGpuExecutionProvider", "webgpu", "WebGPU", nil},
	"coreml":        {"CoreMLExecutionProvider", "coreml", "CoreML", nil},
	"qnn":           {"QNNExecutionProvider", "qnn", "QNN", nil},
	"xnnpack":       {"XnnpackExecutionProvider", "xnnpack", "XNNPACK", nil},
	"vitisai":       {"VitisAIExecutionProvider", "vitisai", "VitisAI", nil},
	"nvtensorrtrtx": {"NvTensorRTRTXExecutionProvider", "nvtensorrtrtx", "NvTensorRtRtx", nil},
}

// kindOf is how d's kind is appended.
func kindOf(d device.Device) kind {
	if k, ok := kinds[d.Kind]; ok {
		return k
	}
	return kind{d.Kind, strings.ToLower(d.Kind), strings.TrimSuffix(d.Kind, device.FullName), nil}
}

// appendDevice makes the session prefer d: by the provider that is built into
// the library, else by a plug-in's.
func appendDevice(so *ort.SessionOptions, d device.Device, o Options) error {
	k := kindOf(d)
	builtin := offered(k.provider)
	if builtin == nil && k.builtin != nil {
		builtin = k.builtin(so, d, o)
	} else if builtin == nil && k.provider != cpuProvider {
		builtin = so.AppendExecutionProvider(k.short, d.Options)
	} else if builtin == nil {
		builtin = fmt.Errorf("%s is a plug-in's here", cpuProvider)
	}
	if builtin == nil {
		return nil
	}
	devices, err := pluginDevices(k.plugin)
	if err != nil {
		return errors.Join(builtin, err)
	}
	if len(devices) == 0 {
		return builtin
	}
	if d.Index >= len(devices) {
		return fmt.Errorf("invalid device ordinal %d: plug-in %s has %d", d.Index, devices[0].EpName(), len(devices))
	}
	if err := so.AppendExecutionProviderV2(devices[d.Index:d.Index+1], d.Options); err != nil {
		return errors.Join(builtin, fmt.Errorf("plug-in %s: %w", devices[d.Index].EpName(), err))
	}
	return nil
}

// separate are the built-in providers that live in a library of their own.
var separate = []string{"CUDAExecutionProvider", "TensorrtExecutionProvider", "OpenVINOExecutionProvider", "MIGraphXExecutionProvider", "NvTensorRTRTXExecutionProvider"}

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
	if !slices.Contains(separate, provider) {
		return nil
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

func appendCUDA(so *ort.SessionOptions, d device.Device, o Options) error {
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
	if o.FullPrecision {
		set["use_tf32"] = "0"
	}
	if d.Kind == "cuda" {
		maps.Copy(set, d.Options)
	}
	if err := opts.Update(set); err != nil {
		return err
	}
	return so.AppendExecutionProviderCUDA(opts)
}

// appendTensorRT puts CUDA behind TensorRT, for what TensorRT does not know.
func appendTensorRT(so *ort.SessionOptions, d device.Device, o Options) error {
	opts, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer destroy(opts)
	set := map[string]string{"device_id": strconv.Itoa(d.Index)}
	maps.Copy(set, d.Options)
	if err := opts.Update(set); err != nil {
		return err
	}
	if err := so.AppendExecutionProviderTensorRT(opts); err != nil {
		return err
	}
	return appendCUDA(so, d, o)
}
