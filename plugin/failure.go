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

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output"
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
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return w.fail(Unwritable, err, fmt.Sprintf("let the user with id %d write there", os.Getuid()))
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
	return w.fail(Broken, err, "")
}

// unreadable is the failure of a source that cannot be opened or read.
func (w *work) unreadable(err error) *Error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	remedy := "check the disk or mount that holds it"
	switch {
	case errors.Is(err, os.ErrPermission):
		remedy = fmt.Sprintf("let the user with id %d read it (chmod o+r, or its group)", os.Getuid())
	case errors.Is(err, os.ErrNotExist):
		remedy = "check the path; it may have been moved or deleted meanwhile"
	}
	return w.fail(Unreadable, fmt.Errorf("cannot be read: %w", err), remedy)
}

// damaged is the failure of a source that libvips cannot decode.
func (w *work) damaged(err error) *Error {
	for v := (*vips.Error)(nil); errors.As(err, &v); {
		if err = v.Err; err == nil {
			err = errors.New(cmp.Or(v.Hint, "libvips gave no reason"))
		}
	}
	return w.fail(Damaged, fmt.Errorf("cannot be decoded: %w", err), "it is damaged, incomplete or of an unusual kind; copy it here again from where it came")
}

// notPhoto fails where the name promises a photo; other files are passed over.
func (w *work) notPhoto() (Result, error) {
	if w.info.Size() == 0 {
		return Result{}, w.fail(NotPhoto, errors.New("the file is empty"), "copy it here again")
	}
	ext := filepath.Ext(w.source)
	if ext == "" {
		return Result{State: Skipped, Reason: "not a photo"}, nil
	}
	if _, promised := output.FormatOf(ext[1:]); !promised {
		return Result{State: Skipped, Reason: "not a photo"}, nil
	}
	return Result{}, w.fail(NotPhoto, fmt.Errorf("not an image, though its name ends in %q (%s)", ext, beginning(w.source)), "rename or remove it, or copy the photo here again")
}

func beginning(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head) // fewer bytes are fine
	return fmt.Sprintf("it begins with %q", head[:n])
}

// full reports whether the disk below path has next to no space left.
func full(path string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(path, &s) == nil && s.Bavail*uint64(s.Bsize) < 1<<20
}
