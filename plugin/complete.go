package plugin

import "github.com/burnish-photo/burnish/ops/vips"

// Complete reports whether a photo has its end, as far as its format tells: it
// is how a host sees that a quiet file is not merely stalled. It reads the
// headers and the last 64 KiB, needs no engine, and may be called from any
// goroutine. True does not mean that the photo decodes.
func Complete(path string) (bool, error) { return vips.Complete(path) }
