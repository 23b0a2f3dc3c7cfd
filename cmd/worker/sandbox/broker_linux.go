package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Broker answers for the system calls that a filtered process may not make
// itself. Most fail with EPERM. Rights, owner, times and attributes of an open
// file it changes in the process's stead where that was opened for writing,
// which Landlock has allowed then. It tells whether anybody writes to a file
// that the process reads.
type Broker struct {
	Listener *os.File          // of [FilterCalls]
	Process  int               // that is filtered, a child of this one
	Denied   func(call string) // is told of every call that failed

	process int // a pidfd of it; negative where there is none
}

// notification and answer are the kernel's struct seccomp_notif and
// seccomp_notif_resp.
type notification struct {
	id         uint64
	pid, flags uint32 // the thread's
	number     int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type answer struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// Serve answers until the filtered process has ended.
func (b *Broker) Serve() {
	defer b.Listener.Close()
	fd := int(b.Listener.Fd())
	var err error
	if b.process, err = unix.PidfdOpen(b.Process, 0); err != nil {
		b.process = -1
	}
	defer func() { _ = unix.Close(b.process) }()
	for {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		switch {
		case ready[0].Revents&unix.POLLIN != 0:
		case ready[0].Revents != 0: // nobody is left to ask
			return
		default:
			continue
		}
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue // who asked is gone
		}
		a := answer{id: n.id}
		if err := b.judge(fd, n); err != nil {
			var errno unix.Errno
			if !errors.As(err, &errno) {
				errno = unix.EPERM
			}
			a.errno = -int32(errno)
		}
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&a)))
	}
}

// judge carries a call out or says why it fails.
func (b *Broker) judge(fd int, n notification) error {
	err := errForbidden
	switch n.number {
	case unix.SYS_FCHMOD:
		err = b.onFile(fd, n, func(path string) error { return chmod(path, uint32(n.args[1])) })
	case unix.SYS_FCHOWN:
		err = b.onFile(fd, n, func(path string) error { return unix.Chown(path, int(int32(n.args[1])), int(int32(n.args[2]))) })
	case unix.SYS_UTIMENSAT:
		if n.args[1] == 0 { // else it is the times of whatever bears the name
			err = b.onFile(fd, n, func(path string) error { return n.times(fd, path) })
		}
	case unix.SYS_FCNTL:
		if uint32(n.args[1]) == unix.F_SETLEASE && n.args[2] == unix.F_RDLCK { // the others hold processes up
			err = b.tryLease(fd, n)
		}
	case unix.SYS_FSETXATTR, unix.SYS_FREMOVEXATTR:
		err = b.onFile(fd, n, func(path string) error { return n.attribute(fd, path) })
	}
	if errors.Is(err, errForbidden) {
		b.Denied(callName(uint32(n.number)))
	}
	return err
}

var errForbidden = fmt.Errorf("forbidden: %w", unix.EPERM)

// chmod gives rights, but none that make a program of a file run as another.
func chmod(path string, mode uint32) error {
	if mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		return errForbidden
	}
	return unix.Chmod(path, mode)
}

// onFile calls f with a name, good for the call, of the file that the process
// has open as its call's first argument, where that is a regular file that is
// open for writing. What the process does meanwhile does not change the file.
func (b *Broker) onFile(listener int, n notification, f func(path string) error) error {
	file, flags, err := b.takeRegular(listener, n)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	if mode := flags & unix.O_ACCMODE; flags&unix.O_PATH != 0 || mode != unix.O_WRONLY && mode != unix.O_RDWR {
		return errForbidden
	}
	return f(fmt.Sprintf("/proc/self/fd/%d", file))
}

// tryLease tells whether the process would get a lease for reading on a regular
// file that it has open: whether nobody has the file open for writing. The lease
// is given back at once, so that it holds nobody up.
func (b *Broker) tryLease(listener int, n notification) error {
	file, flags, err := b.takeRegular(listener, n)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	if flags&(unix.O_PATH|unix.O_ACCMODE) != unix.O_RDONLY {
		return errForbidden
	}
	own, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", file), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(own)
	_, err = unix.FcntlInt(uintptr(own), unix.F_SETLEASE, unix.F_RDLCK)
	return err
}

// takeRegular is take for regular files, while the thread that asked waits.
func (b *Broker) takeRegular(listener int, n notification) (file, flags int, err error) {
	file, flags, err = b.take(n)
	if err != nil {
		return 0, 0, err
	}
	var s unix.Stat_t
	err = n.waits(listener) // else the number may be another process's by now
	if err == nil {
		err = unix.Fstat(file, &s)
	}
	if err == nil && s.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errForbidden
	}
	if err != nil {
		unix.Close(file)
		return 0, 0, err
	}
	return file, flags, nil
}

// take is a descriptor of the file that the call's first argument stands for,
// and the flags that the process opened it with. It is the process's very own
// descriptor, flags and all, unless the system keeps those even from a parent
// (Yama's ptrace_scope from 2 on, Docker's system call filter): then it is what
// /proc tells.
func (b *Broker) take(n notification) (file, flags int, err error) {
	number := uint32(n.args[0])
	if b.process < 0 {
		return n.look(number)
	}
	file, err = unix.PidfdGetfd(b.process, int(number), 0)
	if errors.Is(err, unix.EPERM) {
		return n.look(number)
	}
	if err != nil {
		return 0, 0, err
	}
	if flags, err = unix.FcntlInt(uintptr(file), unix.F_GETFL, 0); err != nil {
		unix.Close(file)
		return 0, 0, err
	}
	return file, flags, nil
}

// look is take by /proc, which tells the file and its flags one after the other:
// they are of one file where its inode, its device and its mount were the same
// before and after. Only where inodes of a mount share a number, as in subvolumes
// of btrfs, can a process that changes the descriptor in between pass for one
// that may write.
func (n notification) look(number uint32) (file, flags int, err error) {
	theirs := fmt.Sprintf("/proc/%d/fd/%d", n.pid, number)
	at, err := unix.Open(theirs, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return 0, 0, unix.EBADF
	}
	if err != nil {
		return 0, 0, err
	}
	var before, after unix.Stat_t
	was, err := openedAs(fmt.Sprintf("/proc/%d/fdinfo/%d", n.pid, number))
	is, err2 := openedAs(fmt.Sprintf("/proc/self/fdinfo/%d", at))
	err = errors.Join(err, err2, unix.Fstat(at, &before), unix.Stat(theirs, &after))
	if err == nil && (was.ino != is.ino || was.mount != is.mount || before.Ino != after.Ino || before.Dev != after.Dev) {
		err = errForbidden
	}
	if err != nil {
		unix.Close(at)
		return 0, 0, err
	}
	return at, was.flags, nil
}

// opened is how a file was opened, and which it is.
type opened struct {
	flags      int
	mount, ino uint64
}

func openedAs(fdinfo string) (o opened, err error) {
	text, err := os.ReadFile(fdinfo)
	if err != nil {
		return o, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "flags":
			_, err = fmt.Sscanf(value, "%o", &o.flags)
		case "mnt_id":
			_, err = fmt.Sscan(value, &o.mount)
		case "ino":
			_, err = fmt.Sscan(value, &o.ino)
		}
		if err != nil {
			return o, err
		}
	}
	if o.ino == 0 { // before Linux 5.14
		return o, errForbidden
	}
	return o, nil
}

// times sets a file's times as the call asks.
func (n notification) times(fd int, path string) error {
	if n.args[2] == 0 {
		return unix.UtimesNanoAt(unix.AT_FDCWD, path, nil, 0)
	}
	var ts [2]unix.Timespec
	if err := n.read(fd, n.args[2], unsafe.Slice((*byte)(unsafe.Pointer(&ts)), unsafe.Sizeof(ts))); err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, ts[:], 0)
}

const mostAttribute = 64 << 10 // bytes that the kernel takes

// attribute sets or removes an extended attribute of a user's, or the list of
// who may read a file.
func (n notification) attribute(fd int, path string) error {
	name := make([]byte, 0, 256)
	for one := make([]byte, 1); ; name = append(name, one[0]) {
		if err := n.read(fd, n.args[1]+uint64(len(name)), one); err != nil {
			return err
		}
		if one[0] == 0 || len(name) == cap(name) {
			break
		}
	}
	if !bytes.HasPrefix(name, []byte("user.")) && string(name) != "system.posix_acl_access" {
		return errForbidden
	}
	if n.number == unix.SYS_FREMOVEXATTR {
		return unix.Removexattr(path, string(name))
	}
	if n.args[3] > mostAttribute {
		return unix.E2BIG
	}
	value := make([]byte, n.args[3])
	if err := n.read(fd, n.args[2], value); err != nil {
		return err
	}
	return unix.Setxattr(path, string(name), value, int(int32(n.args[4])))
}

// read reads memory of the thread that asked.
func (n notification) read(fd int, at uint64, into []byte) error {
	if len(into) == 0 {
		return nil
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.pid))
	if err != nil {
		return err
	}
	defer mem.Close()
	if _, err := mem.ReadAt(into, int64(at)); err != nil {
		return unix.EFAULT
	}
	return n.waits(fd)
}

// waits makes sure that the thread that asked waits still, so that what was read
// or taken under its number was its own.
func (n notification) waits(fd int) error {
	id := n.id
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_ID_VALID, uintptr(unsafe.Pointer(&id))); errno != 0 {
		return errno
	}
	return nil
}
