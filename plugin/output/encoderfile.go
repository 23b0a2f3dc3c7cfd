package output

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// encoderFile is an empty file for the encoder; the metadata go in as it is
// copied.
type encoderFile struct {
	path    string
	discard func() // which may be called again
}

// inMemoryFile is the size of pixels in bytes up to which their encoderFile is
// kept in memory, which spares the file system a file.
const inMemoryFile = 16 << 20

// encoderFile makes one for pixels of that size.
func (r Request) encoderFile(bytes int64) (encoderFile, error) {
	if bytes <= inMemoryFile {
		if fd, err := unix.MemfdCreate("burnish-output", unix.MFD_CLOEXEC); err == nil {
			f, name := os.NewFile(uintptr(fd), "output"), fmt.Sprintf("/proc/self/fd/%d", fd)
			if _, err := os.Stat(name); err == nil {
				return encoderFile{name, func() { f.Close() }}, nil
			}
			f.Close() // there is no /proc
		}
	}
	s, err := r.TempPrefix.New(r.root(), r.Path)
	if err != nil {
		return encoderFile{}, err
	}
	return encoderFile{s.Temporary(), s.Discard}, nil
}
