package output

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// draft is an empty file for the encoder, whose metadata go in as it is copied.
type draft struct {
	path    string
	discard func() // which may be called again
}

// smallDraft is the size of pixels in bytes up to which their draft is kept in
// memory, which spares the file system a file.
const smallDraft = 16 << 20

// draft makes one for pixels of that size, whose output is to lie at path
// below root.
func (o Owner) draft(root, path string, bytes int64) (draft, error) {
	if bytes <= smallDraft {
		if fd, err := unix.MemfdCreate("burnish-draft", unix.MFD_CLOEXEC); err == nil {
			f, name := os.NewFile(uintptr(fd), "draft"), fmt.Sprintf("/proc/self/fd/%d", fd)
			if _, err := os.Stat(name); err == nil {
				return draft{name, func() { f.Close() }}, nil
			}
			f.Close() // there is no /proc
		}
	}
	s, err := o.reserve(root, path)
	if err != nil {
		return draft{}, err
	}
	return draft{s.temporary, s.Discard}, nil
}
