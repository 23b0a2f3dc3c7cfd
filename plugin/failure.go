package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

func (w *work) fail(k Kind, err error, remedy string) *Error {
	return &Error{Path: w.job.Path, Kind: k, Err: err, Remedy: remedy}
}

// failed turns whatever stopped the job into an [*Error]; stopped is the cause
// of the context's end, nil where it has not ended.
func (w *work) failed(stopped error, err error) *Error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case stopped != nil:
		return w.fail(Stopped, stopped, "")
	}
	if changed := w.unchanged(); errors.As(changed, &known) {
		return known
	}
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return w.nameTooLong(err)
	}
	if errors.Is(err, staging.ErrTaken) {
		return w.fail(Unwritable, err, "something else writes to the output folder: give the outputs a folder of their own")
	}
	if errors.Is(err, beneath.ErrLink) || errors.Is(err, beneath.ErrOutside) {
		return w.fail(Unwritable, err, "remove the link from the output folder, or make it one of root, of the folder's owner or of Burnish's user: others' are not followed there")
	}
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return w.fail(Unwritable, err, AdviseWrite(err, w.output))
	}
	var path *os.PathError
	if errors.As(err, &path) && strings.HasPrefix(path.Path, w.output) {
		return w.fail(Unwritable, err, "check the disk or mount that holds it, and what lies there")
	}
	if bad := w.decodes(); bad != nil {
		return w.damaged(bad)
	}
	noSpace := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	for _, folder := range []string{w.engine.scratch, w.output} {
		if full(folder) || noSpace && folder == w.output {
			w.engine.log.Debug("an image was not written", "photo", w.source, "error", err)
			return w.fail(Unwritable, fmt.Errorf("no space is left below %s", folder), "free some; nothing was published")
		}
	}
	if errors.As(err, new(renderError)) && !lacking(err) {
		return w.fail(Unfit, err, "")
	}
	return w.fail(StepFailed, err, "")
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
func (w *work) nameTooLong(err error) *Error {
	return w.fail(Unfit, err, fmt.Sprintf("shorten the photo's name (%d bytes) or the output's path; a name may have %d bytes", len(filepath.Base(w.source)), maxName))
}

// maxName is how many bytes a file's name may have on the file systems of Linux.
const maxName = 255

// alone reports whether a failure to read or write is that of this photo alone:
// the watched folder and the output folder are in order.
func (w *work) alone(f *Error) bool {
	switch f.Kind {
	case Unreadable:
		return !ill(f.Err) && listable(w.root)
	case Unwritable:
		return !ill(f.Err) && w.engine.tempPrefix.Writable(w.output) == nil
	}
	return false
}

// ill reports whether an error is one of a disk, a mount or this process rather
// than of a name or its rights.
func ill(err error) bool {
	var number syscall.Errno
	if errors.Is(err, beneath.ErrLink) || errors.Is(err, beneath.ErrOutside) {
		return false
	}
	if !errors.As(err, &number) {
		return !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrNotExist)
	}
	switch number {
	case syscall.EACCES, syscall.EPERM, syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENOTEMPTY,
		syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EILSEQ, syscall.ETXTBSY, syscall.EBUSY, syscall.EFBIG:
		return false
	}
	return true
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

// swapped is the failure of a source, or of a folder on the way to it, in whose
// place a link stands that is not followed. It says nothing against the photo
// that was there, and nothing of what the process may read.
func (w *work) swapped(err error) *Error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return w.fail(Swapped, fmt.Errorf("changed to a symbolic link while it waited (%w)", err), "put the photo or its folder back; it is taken once it is there again")
}

// unreadable is the failure of a source that cannot be opened or read.
func (w *work) unreadable(err error) *Error {
	if errors.Is(err, beneath.ErrLink) || errors.Is(err, beneath.ErrOutside) {
		return w.swapped(err)
	}
	if errors.Is(err, beneath.ErrNotRegular) {
		return w.fail(Unreadable, errors.New("not a regular file"), "give a photo or a folder of photos")
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	remedy := "check the disk or mount that holds it"
	switch {
	case errors.Is(err, os.ErrPermission):
		remedy = adviseRead(w.source)
	case errors.Is(err, os.ErrNotExist):
		remedy = "check the path; it may have been moved or deleted meanwhile"
	}
	return w.fail(Unreadable, fmt.Errorf("cannot be read: %w", err), remedy)
}

// damaged is the failure of a source that libvips cannot decode.
func (w *work) damaged(err error) *Error {
	cause := err
	for v := (*vips.Error)(nil); errors.As(err, &v); {
		if err = v.Err; err == nil {
			err = errors.New(cmp.Or(v.Hint, "libvips gave no reason"))
		}
	}
	if errors.Is(err, vips.ErrNumbers) {
		return w.fail(Unfit, err, "save it with whole numbers of 8 or 16 bits, or with floating-point ones of 32")
	}
	if known := w.unsupported(cause, err.Error()); known != nil {
		return known
	}
	return w.fail(Damaged, fmt.Errorf("cannot be decoded: %w", err), "it is damaged or incomplete; copy it here again from where it came")
}

// notPhoto fails where the name promises a photo; other files are passed over.
func (w *work) notPhoto() (Result, error) {
	if w.info.Size() == 0 {
		return Result{}, w.fail(NotImage, errors.New("the file is empty"), "copy it here again")
	}
	ext := filepath.Ext(w.source)
	if ext == "" {
		return Result{State: Skipped, Reason: NotAPhoto}, nil
	}
	if _, promised := output.FormatOf(ext[1:]); !promised {
		return Result{State: Skipped, Reason: NotAPhoto}, nil
	}
	return Result{}, w.fail(NotImage, fmt.Errorf("not an image, though its name ends in %q (%s)", ext, w.beginning()), "rename or remove it, or copy the photo here again")
}

func (w *work) beginning() string { return fmt.Sprintf("it begins with %q", w.file.Head(16)) }

// full reports whether the disk below path has next to no space left.
func full(path string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(path, &s) == nil && s.Bavail*uint64(s.Bsize) < 1<<20
}
