package cmd

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/burnish-photo/burnish/plugin"
)

// version is set by the linker.
var version = ""

type versionCommand struct{}

// Help is shown by burnish version --help.
func (versionCommand) Help() string { return "Example: burnish version" }

// Run prints the versions.
func (versionCommand) Run(h *host) error {
	missing := plugin.StartRestoration("", nil)
	v := plugin.Version()
	fmt.Fprintf(h.out, "burnish       %s\nlibvips       %s\n", release(), v.Libvips)
	if missing != nil {
		fmt.Fprintf(h.out, "ONNX Runtime  not found: %v\n", missing)
	} else {
		fmt.Fprintf(h.out, "ONNX Runtime  %s (%s)\nproviders     %s\n", v.ONNXRuntime, v.Library, strings.Join(v.Providers, ", "))
	}
	fmt.Fprintf(h.out, "models        %s\n", strings.Join(v.Models, ", "))
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
