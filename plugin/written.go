package plugin

import (
	"time"

	"github.com/burnish-photo/burnish/plugin/source"
)

// lately is for how long a sidecar must have been left alone to be copied away:
// as long as the watcher waits for a photo by default.
const lately = 2 * time.Second

// isWritten reports whether somebody may still be writing to the file. Its age
// decides: the sandbox lets nobody ask for leases, which would tell.
func isWritten(f *source.File) bool { return time.Since(came(f.Info)) < lately }
