package onnx

import (
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/device"
)

func TestKinds(t *testing.T) {
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, device.Kinds) {
		t.Errorf("kinds that are appended: %v; that are named: %v", got, device.Kinds)
	}
}

func TestReadProfile(t *testing.T) {
	p, err := readProfile([]byte(`[
		{"cat": "Session", "dur": 9, "args": {}}, {"cat": "Node", "args": "other"},
		{"cat": "Node", "dur": 70, "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider",
			"input_type_shape": [{"float": [1, 3, 8, 8]}, {"float": [4, 3, 3, 3]}], "output_type_shape": [{"float": [1, 4, 8, 8]}]}},
		{"cat": "Node", "dur": 90, "args": {"op_name": "MatMul", "provider": "CPUExecutionProvider",
			"input_type_shape": [{"float": [2, 5]}, {"float": [5, 7]}], "output_type_shape": [{"float": [2, 7]}]}}]`))
	if err != nil || p.main() != "CUDAExecutionProvider" || p.macs["CUDAExecutionProvider"] != 4*64*27 || p.macs[cpuProvider] != 2*7*5 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := readProfile([]byte("[")); err == nil {
		t.Error("half a profile was read")
	}
}

func TestExplain(t *testing.T) {
	for says, want := range map[string]string{
		"/opt/ort/libonnxruntime_providers_shared.so: cannot open shared object file":                                           "not beside libonnxruntime",
		"Failed to load library /opt/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object": "libcublasLt of CUDA 13",
		"Failed to load library libonnxruntime_providers_cuda.so with error: libcufft.so.11: cannot open shared object file":    "libcufft of CUDA 12",
		"Failed to load library libonnxruntime_providers_cuda.so with error: libcuda.so.1: cannot open shared object file":      "no NVIDIA driver",
		"Failed to load library libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file":     "cuDNN 9",
		"libnvinfer.so.10: cannot open shared object file: No such file or directory":                                           "TensorRT 10",
		"CUDA execution provider is not enabled in this build.":                                                                 "built without",
		"CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1":                                "driver is older",
		"CUDA failure 100: no CUDA-capable device is detected ; GPU=-1":                                                         "no NVIDIA GPU",
		"CUDA failure 101: invalid device ordinal ; GPU=7":                                                                      "no GPU of this number",
		"BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1073741824":                       "too little free memory",
		"who knows": "did not start",
		"libfoo.so.2: cannot open shared object file":                                                                 "libfoo is missing",
		"its answer to a known input differs from the CPU's by 0.1000 on average and 0.3000 at most, of a range of 1": "something else than the CPU",
	} {
		if got := explain(errors.New(says)).String(); !strings.Contains(got, want) {
			t.Errorf("%s:\n\t%s", says, got)
		}
	}
}

func TestSearchPath(t *testing.T) {
	t.Setenv(LibraryEnv, "")
	all := paths("")
	if len(all) < 3 || filepath.Base(filepath.Dir(all[0])) != "lib" || filepath.IsAbs(all[len(all)-1]) {
		t.Errorf("searched %q", all)
	}
	t.Setenv(LibraryEnv, "/a/lib.so")
	if got := paths(""); len(got) != 1 || got[0] != "/a/lib.so" {
		t.Errorf("with environment: %q", got)
	}
	if got := paths("b.so"); len(got) != 1 || !filepath.IsAbs(got[0]) || filepath.Base(got[0]) != "b.so" {
		t.Errorf("named: %q", got)
	}
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for lib, want := range map[string]string{"/nowhere/lib.so": "/nowhere/lib.so: no such file", text: "file too short"} {
		_, err := find(lib)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "restore.runtime.library") {
			t.Errorf("%s: %v", lib, err)
		}
	}
	if _, err := loadNative("libc.so.6"); err == nil || !strings.Contains(err.Error(), "not an ONNX Runtime library") {
		t.Errorf("another library: %v", err)
	}
}

func TestRecent(t *testing.T) {
	for version, want := range map[string]bool{"1.26.0": true, "1.27.0": true, "2.0.0": true, "1.25.9": false, "1.9": false, "0.99.0": false, "": false, "x.y": false} {
		if recent(version) != want {
			t.Errorf("%q: %v", version, !want)
		}
	}
}

func TestAgree(t *testing.T) {
	want := knownInput(64, 64)
	for i, v := range want {
		if v < 0 || v > 1 {
			t.Fatalf("value %d of the known input is %v", i, v)
		}
	}
	shifted := func(d float32) []float32 {
		got := append([]float32(nil), want...)
		for i := range got {
			got[i] += d
		}
		return got
	}
	if _, _, err := agree(shifted(0.001), want, deviceLimits); err != nil {
		t.Error(err)
	}
	if _, _, err := agree(shifted(0.003), want, deviceLimits); err == nil {
		t.Error("a shift of 0.003 was accepted")
	}
	for _, v := range []float32{0.5, float32(math.NaN()), float32(math.Inf(-1))} {
		got := append([]float32(nil), want...)
		got[100] += v
		if _, _, err := agree(got, want, deviceLimits); err == nil {
			t.Errorf("an error of %v in one value was accepted", v)
		}
	}
}

// TestAPIVersion: the library is asked for the version of the header's API.
func TestAPIVersion(t *testing.T) {
	header, err := os.ReadFile("../kernels/onnxruntime/onnxruntime_c_api.h")
	if err != nil {
		t.Fatal(err)
	}
	if v := regexp.MustCompile(`#define ORT_API_VERSION (\d+)`).FindStringSubmatch(string(header)); v == nil || v[1] != strconv.Itoa(apiVersion) {
		t.Errorf("apiVersion is %d, the header has %q", apiVersion, v)
	}
}

func paths(lib string) (all []string) {
	for _, c := range searchPath(lib) {
		all = append(all, c.path)
	}
	return all
}
