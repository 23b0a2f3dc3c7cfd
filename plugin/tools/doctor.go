package tools

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/promptcir/models"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/output"
	"golang.org/x/sys/cpu"
)

// leastLibvips is the oldest libvips that Burnish is made for.
const leastLibvips = "8.14.0"

// CheckLibvips judges the libvips in use; [plugin.Start] has been called.
func CheckLibvips() []Finding {
	version := vips.Version()
	safe, allowable := vips.Readable()
	var writes, lacking []string
	for _, format := range output.Formats() {
		if output.Writable(format) {
			writes = append(writes, format)
		} else {
			lacking = append(lacking, format)
		}
	}
	formats := Found("image formats", "reads %s; reads if allowed %s; writes %s", listed(safe), listed(allowable), listed(writes))
	if len(lacking) > 0 {
		formats.Detail += "; cannot write " + listed(lacking)
	}
	for _, format := range []string{"jpeg", "png"} {
		if !slices.Contains(safe, format) || !slices.Contains(writes, format) {
			formats = formats.Fail("install a libvips that reads and writes %s", format)
		}
	}
	return []Finding{judgeLibvips(version), formats}
}

func judgeLibvips(version string) Finding {
	f := Found("libvips", "%s", version)
	if olderThan(version, leastLibvips) {
		f.Detail += ", older than 8.14"
		return f.Fail("install libvips 8.14 or later")
	}
	return judgeLibrary("libvips", version)
}

// CheckRuntime judges ONNX Runtime, its providers and the processor. missing is
// what [plugin.StartRestoration] said.
func CheckRuntime(r plugin.Restore, missing error) []Finding {
	if missing != nil {
		lines := strings.Split(missing.Error(), "\n") // the last is what to do
		f := Found("ONNX Runtime", "%s", strings.Join(strings.Fields(strings.Join(lines[:max(1, len(lines)-1)], " ")), " "))
		if hint := lines[len(lines)-1]; len(lines) > 1 {
			return []Finding{f.Fail("%s", hint), instructions("")}
		}
		return []Finding{f.Fail("correct restore.runtime, or remove it to use the library of Burnish's package"), instructions("")}
	}
	all := []Finding{Found("ONNX Runtime", "%s from %s, offers %s", onnx.Version(), onnx.Library(), listed(onnx.Providers()))}
	tried, err := TryProviders()
	if err != nil {
		return append(all, Found("providers", "%v", err).Fail("install Burnish's package again"), instructions(""))
	}
	kernels := ""
	for _, p := range tried {
		kernels = cmp.Or(kernels, p.SelfTest.Kernels)
		all = append(all, judgeProvider(p, r))
	}
	for _, d := range r.Device {
		offered := slices.ContainsFunc(tried, func(p Provider) bool {
			return onnx.DeviceOf(p.Name).Kind == d.Kind
		})
		if !d.IsAuto() && !offered {
			f := Found("device "+d.String(), "this ONNX Runtime does not offer it, and restore.device names it")
			all = append(all, weigh(f, r, onnx.GPUBuild))
		}
	}
	if nvidia := nvidiaVersions(); nvidia != "" {
		all = append(all, Found("NVIDIA", "%s", nvidia))
	}
	return append(all, instructions(kernels))
}

func judgeProvider(p Provider, r plugin.Restore) Finding {
	check := "device " + p.Device
	if p.Err == nil {
		return Found(check, "%s", p.SelfTest)
	}
	f := Found(check, "%s cannot be used: %s", p.Name, p.Cause.What)
	kind := onnx.DeviceOf(p.Name).Kind
	for _, d := range r.Device {
		if d.Kind == kind {
			return weigh(f, r, p.Cause.Remedy)
		}
	}
	if kind == "cpu" {
		return f.Fail("%s", p.Cause.Remedy)
	}
	return f // nobody asked for it
}

// weigh is f as a fault where the device must be there, else as a warning.
func weigh(f Finding, r plugin.Restore, hint string) Finding {
	if r.RequireDevice {
		return f.Fail("%s", hint)
	}
	return f.Warn("%s", hint)
}

// instructions tells what the processor has; kernels are the fused ones that the
// bundled network ran in, "" if none.
func instructions(kernels string) Finding {
	var sets []string
	for _, s := range []struct {
		name string
		has  bool
	}{
		{"SSE4.2", cpu.X86.HasSSE42}, {"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA}, {"AVX-512F", cpu.X86.HasAVX512F},
		{"AVX-512 BF16", cpu.X86.HasAVX512BF16}, {"AVX-512 VNNI", cpu.X86.HasAVX512VNNI},
		{"NEON", cpu.ARM64.HasASIMD}, {"SVE", cpu.ARM64.HasSVE}, {"dot product", cpu.ARM64.HasASIMDDP},
	} {
		if s.has {
			sets = append(sets, s.name)
		}
	}
	f := Found("processor", "%s, %d cores, %s", runtime.GOARCH, runtime.NumCPU(), listed(sets))
	if kernels == "" {
		f.Detail += "; fused kernels are not used"
		return f
	}
	f.Detail += "; fused kernels: " + kernels
	if kernels == "sse4" {
		return f.Warn("run Burnish on a processor with AVX2 and FMA; a virtual machine may need its host's processor model")
	}
	return f
}

// nvidiaVersions are those of the driver and of the CUDA libraries that this
// process has loaded, "" where there are none.
func nvidiaVersions() string {
	var all []string
	if driver, err := os.ReadFile("/sys/module/nvidia/version"); err == nil {
		all = append(all, "driver "+strings.TrimSpace(string(driver)))
	}
	maps, _ := os.ReadFile("/proc/self/maps") // without, nothing is told
	return strings.Join(append(all, cudaLibraries(string(maps))...), ", ")
}

// cudaLibraries are the libraries of CUDA in a process's maps, once each.
func cudaLibraries(maps string) (all []string) {
	for line := range strings.Lines(maps) {
		fields := strings.Fields(line)
		if len(fields) < 6 {
			continue
		}
		name := filepath.Base(fields[5])
		for _, lib := range []string{"libcuda", "libcudart", "libcudnn", "libcublas", "libnvinfer"} {
			if version, ok := strings.CutPrefix(name, lib+".so."); ok && !slices.Contains(all, lib+" "+version) {
				all = append(all, lib+" "+version)
			}
		}
	}
	return all
}

// CheckModels judges the bundled models, those in a folder ("": none), and
// those in files.
func CheckModels(folder string, files []string) (all []Finding) {
	for _, name := range models.Names() {
		data, _ := models.Open(name)
		all = append(all, judgeModel(name+" (bundled)", data))
	}
	if folder != "" {
		found, _ := fs.Glob(os.DirFS(folder), "*.onnx") // the pattern is in order
		for _, name := range found {
			files = append(files, filepath.Join(folder, name))
		}
	}
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // which is a fault of the configuration
		}
		if err != nil {
			all = append(all, Found("model", "%v", err).Fail("make the file readable for the user that runs Burnish, or correct the path"))
			continue
		}
		all = append(all, judgeModel(file, data))
	}
	return all
}

func judgeModel(name string, data []byte) Finding {
	sum := sha256.Sum256(data)
	f := Found("model", "%s, %d bytes, sha256 %s", name, len(data), hex.EncodeToString(sum[:]))
	if foreign(name, data) {
		f.Detail += ": of another program, for the operator network"
		return f
	}
	if _, err := onnx.Inspect(name, data, nil); err != nil {
		f.Detail += fmt.Sprintf(": %v", err)
		return f.Warn("export the model again, or describe it in the step that uses it")
	}
	return f
}

// listed is a list for people.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
