package onnx

import (
	"fmt"
	"regexp"
	"strings"
)

// Cause is why a device cannot be used, and what its owner can do about it.
type Cause struct{ What, Remedy string }

func (c Cause) String() string {
	if c.Remedy == "" {
		return c.What
	}
	return c.What + " (" + c.Remedy + ")"
}

// DeviceError says that a device that was asked for cannot run a model.
type DeviceError struct {
	Device string
	Cause  Cause
	Err    error // in the runtime's own words
}

func (e *DeviceError) Error() string {
	return fmt.Sprintf("device %s cannot be used: %s: %v", e.Device, e.Cause, e.Err)
}

func (e *DeviceError) Unwrap() error { return e.Err }

// GPUBuild is what to do where a library lacks an execution provider.
const GPUBuild = "install an ONNX Runtime that has it (for NVIDIA, the GPU build) and name its libonnxruntime in restore.runtime.library, or name a plug-in provider in restore.runtime.providers"

var missing = regexp.MustCompile(`\b(lib[\w+-]+)\.so(?:\.(\d+))?[\d.]*: cannot open shared object`)

var noMemory = regexp.MustCompile(`(?i)out of memory|Failed to allocate memory|bad_alloc|CUDA (failure|error) 2\b`)

// OutOfMemory reports whether a run failed for want of memory, so that a
// smaller one may do.
func OutOfMemory(err error) bool { return err != nil && noMemory.MatchString(err.Error()) }

// known maps what the runtime says to what it means; the first match counts.
var known = []struct {
	says  *regexp.Regexp
	cause Cause
}{
	{regexp.MustCompile(`libonnxruntime_providers_\w+\.so`), Cause{"the provider's library is not beside libonnxruntime", GPUBuild}},
	{regexp.MustCompile(`(?i)not enabled in this build|was not built|not been built|not supported in this build`), Cause{"this ONNX Runtime was built without the provider", GPUBuild}},
	{regexp.MustCompile(`(?i)driver version is insufficient|CUDA (failure|error) 35\b`), Cause{"the NVIDIA driver is older than the CUDA that the provider was built for", "update the driver, or take a build for an older CUDA"}},
	{regexp.MustCompile(`(?i)no CUDA-capable device|CUDA (failure|error) 100\b`), Cause{"no NVIDIA GPU is visible to this process", "see whether nvidia-smi lists one; give containers --gpus all and services access to /dev/nvidia*"}},
	{regexp.MustCompile(`(?i)invalid device ordinal|invalid device.?id|CUDA (failure|error) 101\b`), Cause{"there is no GPU of this number", "see nvidia-smi -L and restore.device"}},
	{noMemory, Cause{"the GPU has too little free memory", "end what else runs on it (nvidia-smi), or choose another with restore.device"}},
	{regexp.MustCompile(`(?i)failed to get a WebGPU adapter|no supported adapters|WebGPU.*adapter`), Cause{"WebGPU finds no graphics adapter", "install its Vulkan driver, or choose cpu in restore.device"}},
	{regexp.MustCompile(`of the work to the CPU`), Cause{"its provider cannot run this network", "choose another in restore.device, or cpu"}},
	{regexp.MustCompile(`differs from the CPU's|` + ErrNotFinite.Error()), Cause{"it computes something else than the CPU", "update the driver and the ONNX Runtime build; until then choose cpu in restore.device"}},
	{regexp.MustCompile(`(?i)Invalid handle\. Cannot load symbol|no kernel image is available|CUDA (failure|error) 209\b`), Cause{"the provider does not fit this GPU or CUDA's libraries do not fit one another", "install the CUDA and cuDNN versions that the ONNX Runtime build names"}},
}

// explain finds the cause in an error of the runtime.
func explain(err error) Cause {
	text := err.Error()
	if c, ok := explainMissing(text); ok {
		return c
	}
	for _, k := range known {
		if k.says.MatchString(text) {
			return k.cause
		}
	}
	return Cause{"the provider did not start", "see its own words behind this, or with -v in the log; until then choose cpu in restore.device"}
}

// explainMissing judges a library that the dynamic loader did not find.
func explainMissing(text string) (Cause, bool) {
	m := missing.FindStringSubmatch(text)
	if m == nil {
		return Cause{}, false
	}
	lib, major := m[1], m[2]
	switch {
	case strings.HasPrefix(lib, "libonnxruntime"):
		return Cause{"the provider's library " + lib + ".so is not beside libonnxruntime", GPUBuild}, true
	case lib == "libcuda" || lib == "libnvidia-ml":
		return Cause{"no NVIDIA driver is installed, or it is hidden from this process", "install the driver; give containers --gpus all"}, true
	case lib == "libcudnn":
		return Cause{"cuDNN " + major + " is not installed", "install it, or put its folder on LD_LIBRARY_PATH"}, true
	case strings.HasPrefix(lib, "libnvinfer") || strings.HasPrefix(lib, "libnvonnxparser"):
		return Cause{"TensorRT " + major + " is not installed", "install it, or choose cuda in restore.device"}, true
	case strings.HasPrefix(lib, "libcu"):
		return Cause{
			fmt.Sprintf("%s of CUDA %s is not installed", lib, cudaMajor(lib, major)),
			"install that CUDA major or put its folder on LD_LIBRARY_PATH, or take an ONNX Runtime built for the CUDA that is installed",
		}, true
	}
	return Cause{"library " + lib + " is missing", "install it, or put its folder on LD_LIBRARY_PATH"}, true
}

// cudaMajor is the CUDA release that a library's own major version belongs to.
func cudaMajor(lib, major string) string {
	switch lib {
	case "libcurand":
		return map[string]string{"10": "11 to 13"}[major]
	case "libcufft":
		return map[string]string{"10": "11", "11": "12", "12": "13"}[major]
	}
	return major
}

var (
	unknownOperator = regexp.MustCompile(`(?:Fatal error: )?([\w.]*:?\w+)\(-?\d+\) is not a registered function/op`)
	futureOpset     = regexp.MustCompile(`Opset (\d+) is under development|(?i)opset.{0,40}not supported|IR version`)
)

// explainModel says for the user of a model's file why it does not open.
func explainModel(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if m := unknownOperator.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("it uses the operator %s, which ONNX Runtime %s does not have: export it with operators of ONNX alone", m[1], Version())
	}
	if futureOpset.MatchString(text) {
		return fmt.Sprintf("it is written for a later ONNX than ONNX Runtime %s reads: export it with opset 17 (%s)", Version(), text)
	}
	if noMemory.MatchString(text) {
		return "opening it takes more memory than there is: " + text
	}
	return text
}
