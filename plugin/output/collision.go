package output

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/burnish-photo/burnish/ops/diag"
	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"
)

// What is done where an output's name is taken, by another photo's output or
// by a file that Burnish did not make or that was changed since. An original
// is never written over.
const (
	Refuse    = "error"     // the photo fails
	Overwrite = "overwrite" // the file is replaced
	Skip      = "skip"      // the file stays and this output is not written
	Number    = "number"    // the output gets a number before its extension
)

// What an output may keep of its source's file.
const (
	ModTime = "mtime"
	User    = "owner" // and group
	Mode    = "mode"
)

func decodePreserve(node *yaml.Node, into *[]string) (faults diag.Faults) {
	if node.Kind != yaml.SequenceNode {
		return diag.Faults{diag.At(node, "wants a list of mtime, owner, mode, got %s", diag.Describe(node))}
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

// Numbered is the path with a number before its extension; with 0 it is the
// path itself.
func Numbered(path string, n int) string {
	if n == 0 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
}

// near is how many numbers are looked for one by one; maxListed is how many
// names of a folder are looked through for the others.
const near, maxListed = 8, 100_000

// NumberedThere are the numbered paths of which something is there, from the
// lowest number on, the path itself among them. The folder is listed, once and
// not beyond 100,000 names, only where one of the lowest numbers is there.
func NumberedThere(path string) (there []string) {
	for n := range near {
		if _, err := os.Lstat(Numbered(path, n)); err == nil {
			there = append(there, Numbered(path, n))
		}
	}
	if len(there) == 0 {
		return nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return there
	}
	defer folder.Close()
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(filepath.Base(path), ext) + "-"
	var further []int
	for seen := 0; seen < maxListed; {
		names, err := folder.Readdirnames(1024)
		for _, name := range names {
			middle, ok := strings.CutPrefix(name, stem)
			if n, err := strconv.Atoi(strings.TrimSuffix(middle, ext)); ok && err == nil && n >= near && Numbered(path, n) == filepath.Join(filepath.Dir(path), name) {
				further = append(further, n)
			}
		}
		if seen += len(names); err != nil {
			break
		}
	}
	slices.Sort(further)
	for _, n := range further {
		there = append(there, Numbered(path, n))
	}
	return there
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
