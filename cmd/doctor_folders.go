package cmd

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/unit"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
	"github.com/burnish-photo/burnish/watcher"
	"golang.org/x/sys/unix"
)

// viewer is as whom files and folders are examined.
type viewer struct {
	service *service // nil: this process
	name    string   // of the user
}

// newViewer is the service u, or this process where u is nil. Told is what is
// wrong with the service itself.
func newViewer(u *unit.Unit, c *config.Config) (v viewer, told []tools.Finding) {
	if u == nil {
		v.name = strconv.Itoa(os.Geteuid())
		if known, err := user.LookupId(v.name); err == nil {
			v.name = known.Username
		}
		return v, []tools.Finding{tools.Found("user", "%s, who runs this command", v.name)}
	}
	v.service = &service{unit: u}
	v.service.enter()
	v.name = cmp.Or(v.service.user.Name, "the user of "+u.Name)
	f := tools.Found("user", "%s, of %s (%s)", v.name, u.Name, u.File)
	if v.service.note != "" {
		f.Detail += "; " + v.service.note
	}
	told = append(told, f)
	for _, fault := range v.service.faults {
		what, _, _ := strings.Cut(fault.Message, ": create it")
		told = append(told, tools.Found("service", "%s", what).Fail("create the folder, or put a - before it in the unit"))
	}
	return v, told
}

// folderUses are the files and folders of a configuration, each once. The state
// folder is among them wherever it comes from.
func folderUses(c *config.Config) (all []config.Use) {
	for _, use := range append(c.Uses(), config.Use{Key: "state_dir", Path: c.StateDir, Write: true}) {
		if use.Path != "" && !slices.ContainsFunc(all, func(u config.Use) bool { return u.Path == use.Path && u.Write == use.Write }) {
			all = append(all, use)
		}
	}
	return all
}

// examine tells how a file or folder is: owner, mode, file system, rights and
// free space.
func (v viewer) examine(use config.Use, least diag.Size) tools.Finding {
	check := map[string]string{"folder": "watched folder", "output": "output folder", "state_dir": "state folder", "move": "folder of originals"}[use.Key]
	f := tools.Found(cmp.Or(check, "file or folder"), "%s", use.Path)
	info, err := os.Stat(use.Path)
	switch {
	case err == nil:
		f.Detail += ": " + ownership(use.Path, info)
	case !os.IsNotExist(err):
		f.Detail += fmt.Sprintf(": %v", err)
		return f.Fail("give %s the right to go through the folders above %s", v.name, diag.ShellWord(use.Path))
	case !use.Write || use.Key == "folder":
		f.Detail += " does not exist"
		return f.Fail("create it, mount its file system, or correct the path")
	default:
		f.Detail += " does not exist yet and is made at the start"
	}
	problem, remedy := "", ""
	if use.Key == "state_dir" && info != nil {
		problem, remedy = v.distrusts(use.Path, info)
	}
	if problem == "" {
		problem, remedy = v.denied(use, info)
	}
	if problem != "" {
		f.Detail += "; " + problem
		return f.Fail("%s", remedy)
	}
	if !use.Write || use.Key == "folder" {
		return f
	}
	if free, err := app.FreeSpace(existing(use.Path)); err == nil {
		f.Detail += fmt.Sprintf(", %s free", free)
		if free < least {
			f.Detail += fmt.Sprintf(", less than limits.min_free_space (%s)", least)
			return f.Fail("free some space on the file system of %s", use.Path)
		}
	}
	return f
}

// distrusts tells why the daemon would refuse a state folder, and what to do; ""
// where it would not.
func (v viewer) distrusts(path string, info fs.FileInfo) (problem, remedy string) {
	uid, known := os.Geteuid(), true
	if v.service != nil {
		uid, known = v.service.user.UID, v.service.user.Name != ""
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && known && int(s.Uid) != uid && v.service == nil:
		return "it belongs to another user than " + v.name, "run Burnish and this command as the folder's owner"
	case ok && known && int(s.Uid) != uid:
		return "it belongs to another user than " + v.name, "name a folder in state_dir that " + v.name + " alone owns"
	case info.Mode().Perm()&0o002 != 0:
		return "everybody may write to it", "once you know who did: chmod o-w " + diag.ShellWord(path)
	}
	return "", ""
}

// ownership is owner, mode and file system.
func ownership(path string, info fs.FileInfo) string {
	owner := "unknown owner"
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		uid, gid := strconv.Itoa(int(s.Uid)), strconv.Itoa(int(s.Gid))
		if u, err := user.LookupId(uid); err == nil {
			uid = u.Username
		}
		if g, err := user.LookupGroupId(gid); err == nil {
			gid = g.Name
		}
		owner = uid + ":" + gid
	}
	return strings.Join([]string{owner, info.Mode().String(), watcher.Filesystem(path)}, ", ")
}

// existing is the path, or the innermost folder above it that is there.
func existing(path string) string {
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			return at
		}
	}
}

// denied tells what the viewer may not do that a use takes, and what to do; ""
// where it may do all.
func (v viewer) denied(use config.Use, info fs.FileInfo) (problem, remedy string) {
	if v.service != nil {
		return v.service.deniedUse(use)
	}
	mode, verb := uint32(unix.R_OK), "read"
	if info == nil || info.IsDir() {
		mode |= unix.X_OK
	}
	if use.Write {
		mode, verb = mode|unix.W_OK, "write to"
	}
	at := existing(use.Path)
	switch err := unix.Faccessat(unix.AT_FDCWD, at, mode, unix.AT_EACCESS); err {
	case nil:
		return "", ""
	case unix.EROFS:
		return fmt.Sprintf("%s is on a file system that is mounted read-only", at), "mount it read-write, or choose another folder"
	default:
		return fmt.Sprintf("the user %s may not %s %s (%v)", v.name, verb, at, err), v.grant(use, info)
	}
}

// grant is the command that gives this process's user what a use takes, and
// nobody else anything.
func (v viewer) grant(use config.Use, info fs.FileInfo) string {
	path, access := diag.ShellWord(use.Path), "r"
	if use.Write {
		access = "rw"
	}
	switch {
	case info == nil && use.Key == "state_dir":
		return fmt.Sprintf("run as root: install -d -m 0700 -o %s %s", v.name, path)
	case info == nil:
		return fmt.Sprintf("run as root: install -d -o %s %s", v.name, path)
	case info.IsDir():
		return fmt.Sprintf("run as root or as its owner: setfacl -R -m u:%s:%sX,d:u:%s:%sX %s", v.name, access, v.name, access, path)
	}
	return fmt.Sprintf("run as root or as its owner: setfacl -m u:%s:%s %s", v.name, access, path)
}

// deniedUse is what keeps the service from a use, and the commands against it.
func (s *service) deniedUse(use config.Use) (problem, commands string) {
	if s.unit.Rooted() {
		return "", ""
	}
	one := &service{unit: s.unit, user: s.user, note: s.note}
	one.judge(use)
	var problems []string
	for _, fault := range one.faults {
		if !fault.Warning {
			what := strings.TrimPrefix(fault.Message, use.Key+": ")
			problems = append(problems, strings.TrimSuffix(what, ": choose another folder"))
		}
	}
	return strings.Join(problems, "; "), one.remedy.line(s.unit)
}
