package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/plugin"
	"golang.org/x/sys/unix"
)

const sandboxRemedy = "add the path to worker.read or worker.write, or set worker.sandbox: off"

// adviseConfined adds to a failure within the sandbox that the sandbox is its
// cause, or may be. Where it is, the photo is not at fault and has no strike.
func adviseConfined(f *plugin.Error) {
	denied, certain := deniedBySandbox(f)
	advice := "where the user may do that, the sandbox of the worker process is the cause: " + sandboxRemedy
	switch {
	case !denied:
		return
	case certain:
		f.Remedy = "the sandbox of the worker process forbids it, not the user's rights: " + sandboxRemedy
		if !f.Kind.Transient() {
			f.Kind = plugin.Unreadable
		}
	case f.Remedy == "":
		f.Remedy = advice
	default:
		f.Remedy += "; " + advice
	}
}

// somePath is an absolute path in a message.
var somePath = regexp.MustCompile(`/[^\s:;,"'<>()]+`)

// deniedBySandbox reports whether a failure is a denial of access that the
// sandbox may have caused, and whether it is certain, since the user has the
// rights. What the kernel tells of rights knows nothing of Landlock.
func deniedBySandbox(f *plugin.Error) (denied, certain bool) {
	switch f.Kind {
	case plugin.Conflict, plugin.Spared, plugin.NotPhoto, plugin.TooLarge:
		return false, false // names in their messages may say anything
	}
	if !isDenial(f.Err) {
		return false, false
	}
	may := func(path string, mode uint32) bool { return unix.Access(path, mode) == nil }
	if f.Kind == plugin.Unreadable {
		readable := may(f.Path, unix.R_OK)
		return readable, readable
	}
	for _, path := range somePath.FindAllString(f.Err.Error(), -1) {
		folder := filepath.Dir(path)
		switch {
		case may(path, unix.R_OK|unix.W_OK):
			certain = true
		case may(path, unix.R_OK): // what was denied may have been writing
		case may(path, unix.F_OK):
			return false, false
		case may(folder, unix.W_OK|unix.X_OK):
			certain = true
		case may(folder, unix.F_OK):
			return false, false
		}
	}
	return true, certain
}

// isDenial reports whether err is one of access, as libraries tell it too.
func isDenial(err error) bool {
	if errors.As(err, new(syscall.Errno)) && !errors.Is(err, syscall.EACCES) {
		return false // such as EPERM, which Landlock does not give
	}
	return errors.Is(err, fs.ErrPermission) || strings.Contains(strings.ToLower(err.Error()), "permission denied")
}

// bySandbox reports whether the sandbox may be why a process did not start. A
// ledger that another process still holds, say, is no reason to go without.
func bySandbox(err error) bool { return errors.Is(err, errDead) || isDenial(err) }

// unconfined is a warning that tells why there is no sandbox.
func unconfined(cause error) string {
	return fmt.Sprintf("the worker process does not start within it (%v), and starts without; to have it, find what the process lacks and %s", cause, sandboxRemedy)
}
