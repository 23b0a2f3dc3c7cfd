package cmd

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// version is set by the linker.
var version = ""

type versionCommand struct {
	Providers bool   `help:"Test every execution provider: whether it works, its speed, and its difference from the CPU."`
	Config    string `short:"c" placeholder:"FILE" help:"Configuration file, for its \"restore.runtime\"."`
}

// Help is shown by burnish version --help.
func (versionCommand) Help() string {
	return "Examples:\n  burnish version\n  burnish version --providers -c burnish.yaml"
}

// Run prints the versions.
func (v *versionCommand) Run(h *host) error {
	var runtime plugin.ONNXRuntime
	if v.Config != "" {
		c, err := h.load(v.Config)
		if err != nil {
			return err
		}
		runtime = c.Restore.Runtime
	}
	missing := plugin.StartRestoration(runtime.Library, runtime.Providers)
	all := tools.Version()
	fmt.Fprintf(h.out, "burnish       %s\nlibvips       %s\n", release(), all.Libvips)
	if missing != nil {
		fmt.Fprintf(h.out, "ONNX Runtime  not found: %v\n", missing)
	} else {
		fmt.Fprintf(h.out, "ONNX Runtime  %s (%s)\nproviders     %s\n", all.ONNXRuntime, all.Library, strings.Join(all.Providers, ", "))
	}
	fmt.Fprintf(h.out, "models        %s\n", strings.Join(all.Models, ", "))
	if !v.Providers {
		return nil
	}
	if missing != nil {
		return missing
	}
	return tryProviders(h.out, all.Models[0])
}

// tryProviders prints a line a provider.
func tryProviders(out io.Writer, model string) error {
	all, err := tools.TryProviders()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nA known input through the model %s, on the first device of each:\n", model)
	for _, p := range all {
		text := strings.TrimPrefix(p.SelfTest.String(), p.Name+", ")
		if p.Err != nil {
			text = "cannot be used: " + p.Err.Error()
		}
		fmt.Fprintf(out, "  %-12s  %s: %s\n", p.Device, p.Name, text)
	}
	return nil
}

func release() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "development"
}
