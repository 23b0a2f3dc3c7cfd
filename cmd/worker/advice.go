package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/watcher/paths"
	"golang.org/x/sys/unix"
)

const sandboxRemedy = "add the path to worker.read or worker.write"

// adviseConfined adds to a failure within the sandbox that the sandbox is its
// cause, or may be. Where it is, the photo is not at fault and has no strike.
func adviseConfined(f *plugin.Error) {
	denied, certain := deniedBySandbox(f)
	advice := "if the user has the right, the worker's sandbox is the cause: " + sandboxRemedy
	switch {
	case !denied:
		return
	case certain:
		f.Hint = "the worker's sandbox forbids it, not the user's rights: " + sandboxRemedy
		if !f.Kind.Transient() {
			f.Kind = plugin.Unreadable
		}
	case f.Hint == "":
		f.Hint = advice
	default:
		f.Hint += "; " + advice
	}
}

// advise is adviseConfined for a process whose sandbox may be older than a
// mount: a disk that went and came again is another one to the sandbox's rules.
func (s *server) advise(f *plugin.Error) {
	if isDenial(f.Err) {
		if folder := staleFolder(s.folders); folder != "" {
			s.mu.Lock()
			s.stale = folder
			s.mu.Unlock()
			f.Err = fmt.Errorf("%s was mounted anew since the worker process started: %w", folder, f.Err)
			f.Kind, f.Hint = plugin.Unreadable, "no action is needed: another worker process continues"
			return
		}
	}
	adviseConfined(f)
	if within := slices.ContainsFunc(s.folders, func(folder string) bool { return paths.ResolvedWithin(f.Path, folder) }); within && f.Kind == plugin.Unreadable && strings.Contains(f.Hint, sandboxRemedy) {
		f.Hint = "the path leaves the folders that Burnish may use, perhaps through a link: put the photo itself there"
	}
}

// jobFolders are the folders of a configuration's jobs.
func jobFolders(c *config.Config) (folders []string) {
	for _, w := range c.Watch {
		folders = append(folders, w.Folder, w.Output, w.OnSuccess.Move, w.OnQuarantine.Move)
	}
	return slices.DeleteFunc(folders, func(folder string) bool { return folder == "" })
}

// staleFolder is the first folder that the user may list and this process may
// not, or "".
func staleFolder(folders []string) string {
	for _, folder := range folders {
		if unix.Access(folder, unix.R_OK|unix.X_OK) != nil {
			continue
		}
		d, err := os.Open(folder)
		if errors.Is(err, syscall.EACCES) {
			return folder
		}
		if err == nil {
			d.Close()
		}
	}
	return ""
}

// somePath is an absolute path in a message.
var somePath = regexp.MustCompile(`/[^\s:;,"'<>()]+`)

// deniedBySandbox reports whether a failure is a denial of access that the
// sandbox may have caused, and whether it is certain, since the user has the
// rights. What the kernel tells of rights knows nothing of Landlock.
func deniedBySandbox(f *plugin.Error) (denied, certain bool) {
	switch f.Kind {
	case plugin.Conflict, plugin.Protected, plugin.NotImage, plugin.TooLarge, plugin.Swapped, plugin.Changed:
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
	return fmt.Sprintf("the worker process does not start inside the sandbox (%v), but starts without it; find what it lacks and %s", cause, sandboxRemedy)
}
