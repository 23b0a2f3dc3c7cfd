package coefficients

import (
	"os"

	"golang.org/x/sys/unix"
)

// unnamed opens a temporary file that nothing is left of once it is closed. The
// caller owns the descriptor.
func unnamed(folder string) (int, error) {
	f, err := os.CreateTemp(folder, ".burnish-coefficients-")
	if err != nil {
		return -1, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return -1, err
	}
	return unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}
