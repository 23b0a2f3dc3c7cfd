package ops

import "github.com/burnish-photo/burnish/ops/vips"

// UntrustedFormats lists the formats that are read only where they are
// allowed: their loaders are not safe for files of unknown origin.
func UntrustedFormats() []string { return vips.Untrusted() }
