package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Program is what a program may do that does one thing: compute on what it is
// given. It writes no file, has no network and stays in its process group.
type Program struct {
	Run   []string // files that it may execute, itself among them
	Read  []string // beside the system's libraries
	Forks bool     // it may start processes
}

// rules are those of Landlock.
func (p Program) rules() Rules {
	r := System()
	r.Run = nil
	// Of other processes it learns nothing: root may read even their environment,
	// whatever Landlock says of tracing.
	r.Read = slices.DeleteFunc(r.Read, func(path string) bool { return path == "/proc" })
	r.Read = append(r.Read, "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/sys", "/proc/filesystems")
	for _, file := range p.Run {
		r.Run = append(r.Run, file, loader(file))
	}
	r.Run = append(slices.DeleteFunc(r.Run, func(path string) bool { return path == "" }), interpreters(p.Run)...)
	r.Read = append(append(r.Read, p.Run...), p.Read...)
	return r
}

// Enter confines the calling thread, which executes the program next. Without
// Landlock, landlock is false and files are confined by the process's limits
// alone. There is no way back. Where the program may start processes, each asks on
// the listener before: see [Forks]. It is nil where the kernel gives none. On the
// descriptor socket alone the thread may still send messages.
func (p Program) Enter(landlock bool, socket int) (listener *os.File, err error) {
	abi := 0
	if landlock {
		if abi, err = Version(); err != nil {
			return nil, err
		}
		if err := p.rules().Confine(); err != nil {
			return nil, err
		}
	}
	if architecture == 0 {
		return nil, fmt.Errorf("no system call filter for %s is known", runtime.GOARCH)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("forbid new privileges: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return nil, fmt.Errorf("drop capabilities: %w", err)
	}
	f := programFilter{filter{pid: uint32(os.Getpid()), socket: uint32(socket), landlock: abi, forbid: forbidQuietly}, unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	if p.Forks {
		f.fork = unix.SECCOMP_RET_USER_NOTIF
		fd, err := install(f.program(), unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		if err == nil {
			return os.NewFile(uintptr(fd), "forks"), nil
		}
		f.fork = unix.SECCOMP_RET_ALLOW
	}
	if _, err := install(f.program(), 0); err != nil {
		return nil, fmt.Errorf("filter system calls: %w", err)
	}
	return nil, nil
}

// dropCapabilities leaves root's programs no power but to read files of others,
// as far as Landlock lets them.
func dropCapabilities() error {
	if os.Geteuid() != 0 {
		return nil
	}
	for c := uintptr(0); c <= 63; c++ {
		if c == unix.CAP_DAC_READ_SEARCH {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		switch {
		case errors.Is(err, unix.EINVAL): // the last that there is
			return nil
		case errors.Is(err, unix.EPERM): // it has not the right to, nor much else
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// Forks answers a program's processes that start others, until all have ended:
// each may, while allow says so.
func Forks(listener *os.File, allow func() bool) {
	defer listener.Close()
	fd := int(listener.Fd())
	for {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			if ready[0].Revents != 0 { // nobody is left to ask
				return
			}
			continue
		}
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue // who asked is gone
		}
		a := answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if !allow() {
			a.flags, a.errno = 0, -int32(unix.EAGAIN)
		}
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&a)))
	}
}

// scopesSignals is the version of Landlock that keeps signals within it.
const scopesSignals = 6

// programFilter is what of system calls is left to a program.
type programFilter struct {
	filter
	fork uint32 // what the kernel does about a call that starts a process
}

// program is the filter for the kernel.
func (f programFilter) program() []bpf.Instruction {
	load := func(at uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: at, Size: 4} }
	unless := func(v uint32, skip int) bpf.Instruction {
		return bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: v, SkipTrue: uint8(skip)}
	}
	forbid, allow := bpf.RetConstant{Val: f.forbid}, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	p := []bpf.Instruction{
		load(atArch), bpf.JumpIf{Cond: bpf.JumpEqual, Val: architecture, SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		load(atNumber), bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newestCall, SkipTrue: 1}, bpf.RetConstant{Val: unheardOf},
	}
	on := func(number uint32, body ...bpf.Instruction) {
		p = append(append(p, unless(number, len(body))), body...)
	}
	for _, c := range f.forbidden() {
		on(c.number, forbid)
	}
	on(unix.SYS_CLONE3, bpf.RetConstant{Val: unheardOf})
	fork := bpf.RetConstant{Val: f.fork}
	on(unix.SYS_CLONE, load(atArgument(0)), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: namespaces, SkipFalse: 1}, forbid,
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1}, fork, allow)
	for _, c := range oldCalls {
		if starts(c) {
			on(c.number, fork)
		}
	}
	on(unix.SYS_SENDMSG, load(atArgument(0)), unless(f.socket, 1), allow, forbid)
	if f.fork == f.forbid || f.landlock < scopesSignals {
		for _, number := range []uint32{unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO} {
			on(number, load(atArgument(0)), unless(f.pid, 1), allow, forbid)
		}
	}
	on(unix.SYS_PRLIMIT64, load(atArgument(0)), unless(f.pid, 1), allow, unless(0, 1), allow, forbid)
	on(unix.SYS_FCNTL, judgeFcntl(f.forbid)...)
	on(unix.SYS_IOCTL, judgeIoctl(f.forbid)...)
	return append(p, allow)
}

// namespaces are the flags of clone that make one.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// forbidden are the calls that a program never makes. Execution is Landlock's to
// judge, where there is one, and the program's own is yet to come.
func (f programFilter) forbidden() []call {
	all := slices.Concat(forbiddenCalls, oldCalls, brokeredCalls, []call{
		{"recvmsg", unix.SYS_RECVMSG}, {"setpgid", unix.SYS_SETPGID}, {"setsid", unix.SYS_SETSID}, {"openat2", unix.SYS_OPENAT2},
	})
	return slices.DeleteFunc(all, func(c call) bool {
		return c.name == "execve" || starts(c)
	})
}

// starts reports whether a call starts a process.
func starts(c call) bool { return c.name == "fork" || c.name == "vfork" }
