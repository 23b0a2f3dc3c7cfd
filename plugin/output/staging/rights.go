package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/watcher/paths"
	"golang.org/x/sys/unix"
)

// rights are what a photo's group and all others may do with it. Its owner may
// do with an output what owners may.
type rights struct {
	gid           int
	group, others fs.FileMode // three bits each
}

// rightsOf are those of a photo, which a path or a handle of package beneath leads
// to, as far as they matter for an output: who cannot come by the photo, because a
// folder that they do not share stands in the way, has none.
func rightsOf(photo string, info os.FileInfo, out string) rights {
	r := rights{gid: -1, group: info.Mode().Perm() >> 3 & 7, others: info.Mode().Perm() & 7}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		r.gid = int(s.Gid)
	}
	if named(photo) {
		r.group &= r.others
	}
	for dir := realFolder(beneath.Real(photo)); !paths.Within(realFolder(out), dir); dir = filepath.Dir(dir) {
		at, err := os.Stat(dir)
		if err != nil {
			r.group, r.others = 0, 0
			break
		}
		pass := at.Mode().Perm()
		others, group := pass&1 != 0, pass&1 != 0
		if s, ok := at.Sys().(*syscall.Stat_t); ok && int(s.Gid) == r.gid {
			group = pass&0o010 != 0
		}
		if !others {
			r.others = 0
		}
		if !group {
			r.group = 0
		}
	}
	return r
}

// named reports whether the file has a list of its own of who may read it, or may
// have: its group's bits say nothing of the group then.
func named(path string) bool {
	f, err := beneath.Regular(path)
	if err != nil {
		return true
	}
	defer f.Close()
	n, err := unix.Fgetxattr(int(f.Fd()), "system.posix_acl_access", nil)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return false
	}
	return err != nil || n > 0
}

func realFolder(path string) string {
	folder := filepath.Dir(path)
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		return real
	}
	return folder
}

// grant gives an open file or folder mode, less what would let more people use
// it than the photo. It keeps the photo's group where that makes a difference
// and may be done.
func (r rights) grant(f *os.File, mode fs.FileMode) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && r.group != r.others && int(s.Gid) != r.gid && f.Chown(-1, r.gid) != nil {
		r.group &= r.others
		r.others = r.group
	}
	mode &= 0o700 | r.group<<3 | r.others
	if info.Mode().Perm() == mode {
		return nil
	}
	err = f.Chmod(mode)
	if err != nil && info.Mode().IsRegular() && info.Mode().Perm() != ownersAlone { // this file system has no rights of its own
		return nil
	}
	return err
}

// ownersAlone is the mode of what is not published yet.
const ownersAlone = 0o600

// KeepRights gives a copy of a photo, open for writing, the photo's mode, or
// less where its group cannot be kept.
func KeepRights(f *os.File, photo string, info os.FileInfo) error {
	return rightsOf(photo, info, beneath.Real(photo)).grant(f, info.Mode().Perm())
}

// umask is that of the process, which does not change.
var umask = sync.OnceValue(func() fs.FileMode {
	status, _ := os.ReadFile("/proc/self/status") // where there is none, the usual one
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "Umask:"); ok {
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 8, 9); err == nil {
				return fs.FileMode(n)
			}
		}
	}
	return 0o022
})

// folderMode is that of a folder of tiles: where the photo may be read, the
// folder may be looked into.
func folderMode(r rights, gid int) fs.FileMode {
	if r.group != r.others && gid != r.gid {
		r.group &= r.others
		r.others = r.group
	}
	look := func(bits fs.FileMode) fs.FileMode { return bits&4 | bits&4>>2 }
	return 0o777 &^ umask() & (0o700 | look(r.group)<<3 | look(r.others))
}

// groupOfNew is the group that a new file or folder in folder gets.
func groupOfNew(folder string) int {
	info, err := os.Stat(folder)
	if err == nil && info.Mode()&fs.ModeSetgid != 0 {
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			return int(s.Gid)
		}
	}
	return os.Getegid()
}

// narrows reports whether what lies at path lets more people use it than the
// staged file will.
func (s *File) narrows(path string) bool {
	there, err := os.Lstat(path)
	ours, err2 := os.Stat(s.temporary)
	return errors.Join(err, err2) == nil && there.Mode().Perm()&^ours.Mode().Perm()&0o077 != 0
}
