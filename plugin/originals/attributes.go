package originals

import (
	"bytes"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// accessList is the attribute that holds who may read a file beside its mode.
const accessList = "system.posix_acl_access"

// maxAttribute is the size of the largest value that Linux keeps, in bytes.
const maxAttribute = 64 << 10

// copyAttributes gives a file the extended attributes of another, those of users
// (tags, stars, comments, where it was downloaded from) and its access list, and
// names those that it could not. It comes after the mode, which the list decides.
// Attributes of the system's own security are those of the new place.
func copyAttributes(from, to *os.File) (lost []string) {
	names, err := attributeNames(from)
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		return []string{"extended attributes (" + err.Error() + ")"}
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "user.") && name != accessList {
			continue
		}
		if name == accessList && !sameOwner(from, to) { // it would mean another group
			lost = append(lost, name)
			continue
		}
		value := make([]byte, maxAttribute)
		n, err := unix.Fgetxattr(int(from.Fd()), name, value)
		if err == nil {
			err = unix.Fsetxattr(int(to.Fd()), name, value[:n], 0)
		}
		if err != nil && !errors.Is(err, unix.ENODATA) { // gone meanwhile
			lost = append(lost, name)
		}
	}
	return lost
}

func sameOwner(a, b *os.File) bool {
	var s, t unix.Stat_t
	return unix.Fstat(int(a.Fd()), &s) == nil && unix.Fstat(int(b.Fd()), &t) == nil && s.Uid == t.Uid && s.Gid == t.Gid
}

func attributeNames(f *os.File) (names []string, err error) {
	list := make([]byte, maxAttribute)
	n, err := unix.Flistxattr(int(f.Fd()), list)
	if err != nil {
		return nil, err
	}
	for name := range bytes.SplitSeq(list[:n], []byte{0}) {
		if len(name) > 0 {
			names = append(names, string(name))
		}
	}
	return names, nil
}
