package output

import (
	"io/fs"
	"os"
	"runtime"
	"time"
	"unsafe"

	"github.com/burnish-photo/burnish/ops/diag"
	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"
)

// What an output may keep of its source's file.
const (
	ModTime = "mtime"
	User    = "owner" // and group
	Mode    = "mode"
)

func decodePreserve(node *yaml.Node, into *[]string) (faults diag.Diagnostics) {
	if node.Kind != yaml.SequenceNode {
		return diag.Diagnostics{diag.At(node, "must be a list of mtime, owner, mode, got %s", diag.Describe(node))}
	}
	for _, n := range node.Content {
		n = diag.Resolve(n)
		var name string
		if fs := oneOf(n, &name, []string{ModTime, User, Mode}); len(fs) > 0 {
			faults = append(faults, fs...)
			continue
		}
		*into = append(*into, name)
	}
	return faults
}

// SetTimes sets when a file, open for writing, was read and changed.
func SetTimes(f *os.File, t time.Time) error {
	ts := unix.NsecToTimespec(t.UnixNano())
	both := [2]unix.Timespec{ts, ts}
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&both)), 0, 0, 0)
	runtime.KeepAlive(f)
	if errno != 0 {
		return &os.PathError{Op: "set the times of", Path: f.Name(), Err: errno}
	}
	return nil
}

// underlying is the cause without the temporary name.
func underlying(err error) error {
	if p, ok := err.(*fs.PathError); ok { //nolint:errorlint // as os returns it
		return p.Err
	}
	return err
}
