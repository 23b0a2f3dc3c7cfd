package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// opening is a system call that opens files, and which argument its flags are.
type opening struct {
	call
	flags uint32
}

// filter is what of system calls is left to a process.
type filter struct {
	pid      uint32 // its own, the only one that it may signal
	socket   uint32 // the one that it may send messages on
	receives uint32 // the one that it may receive messages on
	landlock int    // version that is in force besides
	forbid   uint32 // what the kernel does about a forbidden call
}

const (
	forbidQuietly = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unheardOf     = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)

	truncatesSince = 3 // version of Landlock that knows of truncation
)

// Offsets in struct seccomp_data, and of the low half of an argument: the
// kernel takes those here as 32-bit numbers, whatever the high half holds.
const (
	atNumber = 0
	atArch   = 4
)

func atArgument(n uint32) uint32 { return 16 + 8*n }

// program is the filter for the kernel.
func (f filter) program() []bpf.Instruction {
	load := func(at uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: at, Size: 4} }
	unless := func(v uint32, skip int) bpf.Instruction {
		return bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: v, SkipTrue: uint8(skip)}
	}
	forbid, allow := bpf.RetConstant{Val: f.forbid}, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	p := []bpf.Instruction{
		load(atArch), bpf.JumpIf{Cond: bpf.JumpEqual, Val: architecture, SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		load(atNumber), bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newestCall, SkipTrue: 1}, bpf.RetConstant{Val: unheardOf}, // those of x32, too
	}
	on := func(number uint32, body ...bpf.Instruction) {
		p = append(append(p, unless(number, len(body))), body...)
	}
	forbidden := append(append([]call(nil), forbiddenCalls...), oldCalls...)
	if f.forbid != forbidQuietly { // else there is no broker
		forbidden = append(forbidden, brokeredCalls...)
	}
	for _, c := range forbidden {
		on(c.number, forbid)
	}

	// Arguments that lie in memory cannot be judged: the C library and Go do without these.
	on(unix.SYS_CLONE3, bpf.RetConstant{Val: unheardOf})
	if f.landlock < truncatesSince {
		on(unix.SYS_OPENAT2, bpf.RetConstant{Val: unheardOf})
	}
	// Threads alone: what is no thread outlives the process.
	on(unix.SYS_CLONE, load(atArgument(0)), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1}, forbid, allow)
	// Landlock looks at what a file was opened for; O_TRUNC empties those
	// that are opened for reading, or, with both bits, for nothing.
	for _, o := range openings {
		on(o.number, load(atArgument(o.flags)),
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: unix.O_ACCMODE},
			unless(unix.O_ACCMODE, 1), forbid,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.O_RDONLY, SkipTrue: 1}, allow,
			load(atArgument(o.flags)), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.O_TRUNC, SkipTrue: 1}, allow, forbid)
	}
	for _, number := range []uint32{unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO} {
		on(number, load(atArgument(0)), unless(f.pid, 1), allow, forbid)
	}
	on(unix.SYS_PRLIMIT64, load(atArgument(0)), unless(f.pid, 1), allow, unless(0, 1), allow, forbid)
	on(unix.SYS_SENDMSG, load(atArgument(0)), unless(f.socket, 1), allow, forbid)
	on(unix.SYS_RECVMSG, load(atArgument(0)), unless(f.receives, 1), allow, forbid)
	if f.forbid == forbidQuietly { // by the descriptor alone
		on(unix.SYS_UTIMENSAT, load(atArgument(1)), unless(0, 3), load(atArgument(1)+4), unless(0, 1), allow, forbid)
	}
	on(unix.SYS_FCNTL, judgeFcntl(f.forbid)...)
	on(unix.SYS_IOCTL, judgeIoctl(f.forbid)...)
	return append(p, allow)
}

// judgeFcntl forbids what sends signals to other processes or stops them from
// opening a file.
func judgeFcntl(forbid uint32) []bpf.Instruction {
	body := []bpf.Instruction{bpf.LoadAbsolute{Off: atArgument(1), Size: 4}}
	for _, command := range []uint32{unix.F_SETOWN, unix.F_SETOWN_EX, unix.F_SETSIG, unix.F_NOTIFY, unix.F_SETLEASE} {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: command, SkipTrue: 1}, bpf.RetConstant{Val: forbid})
	}
	return append(body, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
}

// judgeIoctl forbids whole families by their letter, which is the second byte:
// those of file systems (flags, verity, encryption, snapshots; of FAT, F2FS, Ceph
// and SMB their own) and of sockets need no right to write, those of terminals
// put words into other mouths.
// Devices have to be opened first, which Landlock judges.
func judgeIoctl(forbid uint32) []bpf.Instruction {
	body := []bpf.Instruction{bpf.LoadAbsolute{Off: atArgument(1), Size: 4}}
	for _, harmless := range []uint32{unix.TCGETS, unix.TIOCGWINSZ, unix.TIOCINQ, 0x5421 /* FIONBIO */, 0x5450 /* FIONCLEX */, 0x5451 /* FIOCLEX */} {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: harmless, SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	}
	body = append(body, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xff00})
	for _, letter := range []uint32{'T', 'f', 'v', 'X', 'r', 0x94, 0xf5, 0x97, 0xcf, 0x89} {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: letter << 8, SkipTrue: 1}, bpf.RetConstant{Val: forbid})
	}
	return append(body, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
}

// FilterCalls leaves this process, on all of its threads and for good, only the
// system calls that work on photos takes; landlock is the version in force. On
// the descriptor socket alone it may still send messages, and receive them on the
// descriptor receives, -1 for none. A [Broker] has to
// serve the listener that it returns; where the kernel gives none, forbidden
// calls fail without anybody being told, and the listener is nil.
func FilterCalls(landlock, socket, receives int) (listener *os.File, err error) {
	if architecture == 0 {
		return nil, fmt.Errorf("no system call filter for %s is known", runtime.GOARCH)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("forbid new privileges: %w", err)
	}
	f := filter{uint32(os.Getpid()), uint32(socket), uint32(receives), landlock, unix.SECCOMP_RET_USER_NOTIF}
	const all = unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH
	fd, err := f.install(all | unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	if err == nil {
		return os.NewFile(uintptr(fd), "system calls"), nil
	}
	f.forbid = forbidQuietly
	if _, quiet := f.install(unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_LOG); quiet != nil {
		return nil, fmt.Errorf("filter system calls: %w", errors.Join(err, quiet))
	}
	return nil, nil
}

// CanFilter reports why system calls cannot be filtered here, nil where they can.
func CanFilter() error {
	if architecture == 0 {
		return fmt.Errorf("no system call filter for %s is known", runtime.GOARCH)
	}
	action := uint32(unix.SECCOMP_RET_ERRNO)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	if errno != 0 {
		return fmt.Errorf("ask for seccomp: %w", errno)
	}
	return nil
}

func (f filter) install(flags uintptr) (fd int, err error) { return install(f.program(), flags) }

func install(instructions []bpf.Instruction, flags uintptr) (fd int, err error) {
	raw, err := bpf.Assemble(instructions)
	if err != nil {
		return 0, err
	}
	code := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		code[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	n, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(code)
	switch {
	case errno != 0:
		return 0, errno
	case flags&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER == 0 && n != 0:
		return 0, fmt.Errorf("thread %d has a filter of its own", n)
	}
	return int(n), nil
}
