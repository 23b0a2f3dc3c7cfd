package unit

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/burnish-photo/burnish/watcher/paths"
	"golang.org/x/sys/unix"
)

// User is whom a service runs as.
type User struct {
	Name   string
	Group  string // the primary one
	UID    int
	GID    int
	Groups []int // further ones
}

// User looks up whom the service runs as.
func (u *Unit) User() (User, error) {
	if u.on("DynamicUser") {
		return User{}, fmt.Errorf("%s has a user made at its start (DynamicUser), whose rights cannot be told before", u.Name)
	}
	name := cmp.Or(u.value("User"), "root")
	found, err := user.Lookup(name)
	if err != nil {
		found, err = user.LookupId(name)
	}
	if err != nil {
		return User{}, fmt.Errorf("the user %s of %s does not exist: %w", name, u.Name, err)
	}
	s := User{Name: found.Username}
	s.UID, _ = strconv.Atoi(found.Uid)
	s.GID, _ = strconv.Atoi(found.Gid)
	ids, err := found.GroupIds()
	if err != nil {
		return User{}, fmt.Errorf("the groups of the user %s: %w", s.Name, err)
	}
	for _, id := range ids {
		n, _ := strconv.Atoi(id)
		s.Groups = append(s.Groups, n)
	}
	for i, group := range append([]string{u.value("Group")}, u.words("SupplementaryGroups")...) {
		if group == "" {
			continue
		}
		id, err := groupID(group)
		if err != nil {
			return User{}, fmt.Errorf("the group %s of %s does not exist: %w", group, u.Name, err)
		}
		if i == 0 {
			s.GID = id
		}
		s.Groups = append(s.Groups, id)
	}
	s.Group = strconv.Itoa(s.GID)
	if g, err := user.LookupGroupId(s.Group); err == nil {
		s.Group = g.Name
	}
	return s, nil
}

func groupID(name string) (int, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		g, err = user.LookupGroupId(name)
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}

// Denied are those of path and the folders that lead to it, from on, that the
// user has no right to: to go through the folders, and to path by mode, of
// unix.R_OK, W_OK and X_OK. The outermost is the first. The caller is root; what
// does not exist, or what root cannot look at, denies nothing.
func (s User) Denied(path, from string, mode uint32) (denied []string, err error) {
	path = paths.Resolve(path)
	var files []*os.File
	var names []string
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for at := path; paths.Within(at, from); at = filepath.Dir(at) {
		fd, err := unix.Open(at, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err == nil {
			files, names = append(files, os.NewFile(uintptr(fd), at)), append(names, at)
		}
		if at == "/" {
			break
		}
	}
	err = s.as(func() error {
		for i := len(files) - 1; i >= 0; i-- {
			need := uint32(unix.X_OK)
			if names[i] == path {
				need = mode
			}
			switch errno := access(int(files[i].Fd()), need); errno {
			case 0:
			case syscall.EACCES, syscall.EROFS, syscall.EPERM:
				denied = append(denied, names[i])
			default:
				return errno
			}
		}
		return nil
	})
	return denied, err
}

// access is faccessat2 with the rights of the calling thread. Those of the
// standard library take them for the process's.
func access(fd int, mode uint32) syscall.Errno {
	empty := []byte{0}
	_, _, errno := syscall.RawSyscall6(unix.SYS_FACCESSAT2, uintptr(fd), uintptr(unsafe.Pointer(&empty[0])), uintptr(mode), unix.AT_EACCESS|unix.AT_EMPTY_PATH, 0, 0)
	return errno
}

// as runs f on a thread of its own that has the user's rights alone, and ends
// with it. Users and groups are a thread's to the kernel.
func (s User) as(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		if syscall.Gettid() == syscall.Getpid() {
			defer runtime.UnlockOSThread() // the first thread stays as it is
			done <- s.as(f)
			return
		}
		err := s.become()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

func (s User) become() error {
	groups := make([]uint32, 0, len(s.Groups)+1)
	for _, id := range append([]int{s.GID}, s.Groups...) {
		groups = append(groups, uint32(id))
	}
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
		return fmt.Errorf("take the groups of %s: %w", s.Name, errno)
	}
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESGID, uintptr(s.GID), uintptr(s.GID), uintptr(s.GID)); errno != 0 {
		return fmt.Errorf("take the group of %s: %w", s.Name, errno)
	}
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, uintptr(s.UID), uintptr(s.UID), uintptr(s.UID)); errno != 0 {
		return fmt.Errorf("take the rights of %s: %w", s.Name, errno)
	}
	return nil
}
