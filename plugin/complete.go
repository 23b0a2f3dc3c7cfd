package plugin

import "github.com/burnish-photo/burnish/plugin/source"

// Complete reports whether a photo has its end, as far as its format tells: it
// is how a host sees that a quiet file is not merely stalled. The photo lies
// below root, which is reached as the job's will be. It reads the headers and the
// last 64 KiB, never waits, needs no engine, and may be called from any
// goroutine. True does not mean that the photo decodes.
func Complete(root, path string, links Links) (bool, error) {
	f, err := source.Open(root, path, links.beneath())
	if err != nil {
		return false, err
	}
	defer f.Close()
	return f.Complete()
}
