package plugin

import (
	"errors"
	"os"
	"time"

	"github.com/burnish-photo/burnish/plugin/source"
	"golang.org/x/sys/unix"
)

// lately is for how long a file must not have changed to count as written where
// the file system does not say who has it open.
const lately = 30 * time.Second

// isWritten reports whether somebody has the file open for writing: no lease to
// read it is given then. Only its owner and root are given one; for others, and
// on file systems without leases, its age decides.
func isWritten(f *source.File) (open bool) {
	f.Attributes(func(file *os.File) {
		_, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
		switch {
		case err == nil:
			_, _ = unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		case errors.Is(err, unix.EAGAIN):
			open = true
		default:
			open = time.Since(came(f.Info)) < lately
		}
	})
	return open
}
