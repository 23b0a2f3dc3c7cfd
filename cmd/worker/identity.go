package worker

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
)

// identityOf tells workers apart that may do other work, or elsewhere: by their
// part of the configuration, by the files that their steps, models and ONNX
// Runtime were read from, and by the devices that were found.
func identityOf(c *config.Config, e *plugin.Engine) string {
	digest := sha256.New()
	fmt.Fprintln(digest, c.WorkerDigest(), plugin.Fingerprint(e))
	steps := e.Describe()
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		fmt.Fprintf(digest, "%q %q\n", name, steps[name])
	}
	for _, library := range append([]string{c.Restore.Runtime.Path()}, c.Restore.Runtime.Providers...) {
		if info, err := os.Stat(library); err == nil {
			fmt.Fprintln(digest, info.Size(), info.ModTime().UnixNano())
		}
	}
	return fmt.Sprintf("%x", digest.Sum(nil)[:16])
}
