package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"slices"

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
// alone. There is no way back.
func (p Program) Enter(landlock bool) error {
	abi := 0
	if landlock {
		var err error
		if abi, err = Version(); err != nil {
			return err
		}
		if err := p.rules().Confine(); err != nil {
			return err
		}
	}
	if architecture == 0 {
		return fmt.Errorf("no system call filter for %s is known", runtime.GOARCH)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	f := programFilter{filter{pid: uint32(os.Getpid()), landlock: abi, forbid: forbidQuietly}, p.Forks}
	if _, err := install(f.program(), 0); err != nil {
		return fmt.Errorf("filter system calls: %w", err)
	}
	return nil
}

// firstNobody and nobodies are a range of user numbers that no user has.
const (
	firstNobody = 2_000_000_000
	nobodies    = 100_000_000
)

// LeaveRoot makes the calling thread, of root's, a user that nobody is and that
// has no power but to read files, as far as the rules of Landlock let it. It
// reports false where it is not root's, or where there are no such users.
func LeaveRoot() (bool, error) {
	if os.Geteuid() != 0 {
		return false, nil
	}
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return false, fmt.Errorf("keep the right to read: %w", err)
	}
	id := uintptr(firstNobody + os.Getpid()%nobodies)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
		return false, nil
	}
	for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
		if _, _, errno := unix.RawSyscall(call, id, id, id); errno != 0 { // such as in a container that has few users
			return false, nil
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	const read = 1 << unix.CAP_DAC_READ_SEARCH
	data := [2]unix.CapUserData{{Effective: read, Permitted: read, Inheritable: read}}
	err := unix.Capset(&header, &data[0])
	if err == nil {
		err = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_DAC_READ_SEARCH, 0, 0)
	}
	if err == nil { // which another user loses
		err = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	}
	if err != nil {
		return false, fmt.Errorf("leave root: %w", err)
	}
	return true, nil
}

// scopesSignals is the version of Landlock that keeps signals within it.
const scopesSignals = 6

// programFilter is what of system calls is left to a program.
type programFilter struct {
	filter
	forks bool
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
	fork := forbid
	if f.forks {
		fork = allow
	}
	on(unix.SYS_CLONE, load(atArgument(0)), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: elsewhere, SkipFalse: 1}, forbid,
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1}, fork, allow)
	for _, c := range oldCalls {
		if starts(c) {
			on(c.number, fork)
		}
	}
	if !f.forks || f.landlock < scopesSignals {
		for _, number := range []uint32{unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO} {
			on(number, load(atArgument(0)), unless(f.pid, 1), allow, forbid)
		}
	}
	for _, number := range ownAlone {
		on(number, load(atArgument(0)), unless(f.pid, 1), allow, unless(0, 1), allow, forbid)
	}
	on(unix.SYS_PRCTL, load(atArgument(0)), unless(unix.PR_SET_PDEATHSIG, 1), forbid, allow)
	on(unix.SYS_FCNTL, judgeFcntl(f.forbid)...)
	on(unix.SYS_IOCTL, judgeIoctl(f.forbid)...)
	return append(p, allow)
}

// ownAlone are calls that a program may make for itself, and for no process whose
// number it knows: users' others obey it as well.
var ownAlone = []uint32{unix.SYS_PRLIMIT64, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR}

// elsewhere are the flags of clone that make a namespace, or a child of somebody
// else's.
const elsewhere = unix.CLONE_PARENT | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// forbidden are the calls that a program never makes. Execution is Landlock's to
// judge, where there is one, and the program's own is yet to come.
func (f programFilter) forbidden() []call {
	all := slices.Concat(forbiddenCalls, oldCalls, brokeredCalls, []call{
		{"sendmsg", unix.SYS_SENDMSG}, {"recvmsg", unix.SYS_RECVMSG}, {"setpgid", unix.SYS_SETPGID}, {"setsid", unix.SYS_SETSID}, {"openat2", unix.SYS_OPENAT2},
	})
	return slices.DeleteFunc(all, func(c call) bool {
		return c.name == "execve" || starts(c)
	})
}

// starts reports whether a call starts a process.
func starts(c call) bool { return c.name == "fork" || c.name == "vfork" }
