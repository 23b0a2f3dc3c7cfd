package plugin

import (
	"errors"
	"fmt"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/failure"
)

// classify turns whatever stopped the job into an [*Error]; stopped is the cause
// of the context's end, nil where it has not ended.
func classify(t *task, stopped error, err error) *Error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case stopped != nil:
		return t.request.Fail(Stopped, stopped, "")
	}
	if changed := t.src.Unchanged(); errors.As(changed, &known) {
		return known
	}
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return nameTooLong(t.request, err)
	}
	if errors.Is(err, staging.ErrTaken) {
		return t.request.Fail(Unwritable, err, "something else writes to the output folder: give the outputs a folder of their own")
	}
	if errors.Is(err, beneath.ErrLink) || errors.Is(err, beneath.ErrOutside) {
		return t.request.Fail(Unwritable, err, "remove the link from the output folder, or make it one of root, of the folder's owner or of Burnish's user: others' are not followed there")
	}
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return t.request.Fail(Unwritable, err, failure.AdviseWrite(err, t.writesTo()))
	}
	var path *os.PathError
	if errors.As(err, &path) && strings.HasPrefix(path.Path, t.writesTo()) {
		return t.request.Fail(Unwritable, err, "check the disk or mount that holds it, and what lies there")
	}
	if bad := t.src.Decodes(); bad != nil {
		return t.src.Damaged(bad)
	}
	noSpace := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	for _, folder := range []string{t.engine.scratch, t.writesTo()} {
		if full(folder) || noSpace && folder == t.writesTo() {
			t.engine.log.Debug("an image was not written", "photo", t.request.Path, "error", err)
			return t.request.Fail(Unwritable, fmt.Errorf("no space is left below %s", folder), "free some; nothing was published")
		}
	}
	if ops.IsFatal(err) {
		return t.request.Fail(Crashed, err, "")
	}
	if errors.As(err, new(stepError)) && !lacking(err) {
		return t.request.Fail(Unfit, err, "")
	}
	return t.request.Fail(StepFailed, err, "")
}

// lacking reports whether a step failed for what it runs on or needs beside the
// photo: a device, a file, memory. What a library says counts only in favour of
// the photo, since it may be about another one.
func lacking(err error) bool {
	var number syscall.Errno
	if ops.IsShared(err) || errors.As(err, &number) {
		return true
	}
	text := strings.ToLower(err.Error())
	for _, number := range []syscall.Errno{syscall.EACCES, syscall.EIO, syscall.ENOENT, syscall.ENOSPC, syscall.ENOMEM, syscall.EMFILE, syscall.EROFS} {
		if strings.Contains(text, number.Error()) {
			return true
		}
	}
	return strings.Contains(text, "out of memory")
}

// nameTooLong is the failure of a photo whose output's name no file can bear.
func nameTooLong(r source.Request, err error) *Error {
	return r.Fail(Unfit, err, fmt.Sprintf("shorten the photo's name (%d bytes) or the output's path; a name may have %d bytes", len(filepath.Base(r.Path)), maxName))
}

// maxName is how many bytes a file's name may have on the file systems of Linux.
const maxName = 255

// isOwn reports whether a failure to read or write is that of this photo alone:
// the watched folder and the output folder are in order.
func isOwn(t *task, f *Error) bool {
	switch f.Kind {
	case Unreadable:
		return !ill(f.Err) && listable(t.request.Root)
	case Unwritable:
		return !ill(f.Err) && t.engine.tempPrefix.Writable(t.writesTo()) == nil
	}
	return false
}

// ill reports whether an error is one of a disk, a mount or this process rather
// than of a name, its rights or its links.
func ill(err error) bool {
	return !errors.Is(err, beneath.ErrLink) && !errors.Is(err, beneath.ErrOutside) && failure.Ill(err)
}

// listable reports whether a folder can be opened and read.
func listable(folder string) bool {
	d, err := os.Open(folder)
	if err != nil {
		return false
	}
	defer d.Close()
	_, err = d.Readdirnames(1)
	return err == nil || errors.Is(err, io.EOF)
}

// full reports whether the disk below path has next to no space left.
func full(path string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(path, &s) == nil && float64(s.Bavail)*float64(s.Bsize) < 1<<20
}
