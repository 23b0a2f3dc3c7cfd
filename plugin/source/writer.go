package source

import (
	"errors"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"golang.org/x/sys/unix"
)

// IsBeingWritten reports whether a process of this machine has the file open for
// writing. known is false where the system does not tell: of files of other
// users, on network file systems, and below a sandbox without a broker.
//
// A lease for reading is granted only where nobody has the file open for writing.
// It is asked for through a descriptor of its own, which gives it back at once.
func (f *File) IsBeingWritten() (written, known bool) {
	own, err := beneath.Regular(f.Handle())
	if err != nil {
		return false, false
	}
	defer own.Close()
	_, err = unix.FcntlInt(own.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN), err == nil || errors.Is(err, unix.EAGAIN)
}
