package sandbox

import "golang.org/x/sys/unix"

// call is a system call by its name and number.
type call struct {
	name   string
	number uint32
}

// newestCall is the last system call that this filter knows; what comes after
// it does not exist for a filtered process.
const newestCall = unix.SYS_MSEAL

// forbiddenCalls have no place in a process that reads photos and writes
// others: everything here reaches other files, processes or machines, or the
// kernel itself, without asking Landlock.
var forbiddenCalls = []call{
	// The network and other processes' sockets. A connection that is open stays usable.
	{"socket", unix.SYS_SOCKET}, {"socketpair", unix.SYS_SOCKETPAIR}, {"bind", unix.SYS_BIND}, {"connect", unix.SYS_CONNECT},
	{"listen", unix.SYS_LISTEN}, {"accept", unix.SYS_ACCEPT}, {"accept4", unix.SYS_ACCEPT4}, {"sendto", unix.SYS_SENDTO},
	{"sendmmsg", unix.SYS_SENDMMSG}, {"recvfrom", unix.SYS_RECVFROM}, {"recvmmsg", unix.SYS_RECVMMSG},
	{"setsockopt", unix.SYS_SETSOCKOPT},

	// Files by name: their size, rights, owner, attributes. Those of open files: see brokeredCalls.
	{"truncate", unix.SYS_TRUNCATE}, {"fchmodat", unix.SYS_FCHMODAT}, {"fchmodat2", unix.SYS_FCHMODAT2}, {"fchownat", unix.SYS_FCHOWNAT},
	{"setxattr", unix.SYS_SETXATTR}, {"lsetxattr", unix.SYS_LSETXATTR}, {"removexattr", unix.SYS_REMOVEXATTR}, {"lremovexattr", unix.SYS_LREMOVEXATTR},
	{"getxattr", unix.SYS_GETXATTR}, {"lgetxattr", unix.SYS_LGETXATTR}, {"listxattr", unix.SYS_LISTXATTR}, {"llistxattr", unix.SYS_LLISTXATTR},
	{"mknodat", unix.SYS_MKNODAT}, {"name_to_handle_at", unix.SYS_NAME_TO_HANDLE_AT}, {"open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT},
	{"inotify_init1", unix.SYS_INOTIFY_INIT1}, {"inotify_add_watch", unix.SYS_INOTIFY_ADD_WATCH},
	{"fanotify_init", unix.SYS_FANOTIFY_INIT}, {"fanotify_mark", unix.SYS_FANOTIFY_MARK},
	{"quotactl", unix.SYS_QUOTACTL}, {"quotactl_fd", unix.SYS_QUOTACTL_FD}, {"acct", unix.SYS_ACCT},

	// Mounts and roots.
	{"mount", unix.SYS_MOUNT}, {"umount2", unix.SYS_UMOUNT2}, {"pivot_root", unix.SYS_PIVOT_ROOT}, {"chroot", unix.SYS_CHROOT},
	{"open_tree", unix.SYS_OPEN_TREE}, {"move_mount", unix.SYS_MOVE_MOUNT}, {"mount_setattr", unix.SYS_MOUNT_SETATTR},
	{"fsopen", unix.SYS_FSOPEN}, {"fsconfig", unix.SYS_FSCONFIG}, {"fsmount", unix.SYS_FSMOUNT}, {"fspick", unix.SYS_FSPICK},
	{"swapon", unix.SYS_SWAPON}, {"swapoff", unix.SYS_SWAPOFF},

	// Other processes, other users, other programs, namespaces.
	{"execve", unix.SYS_EXECVE}, {"execveat", unix.SYS_EXECVEAT}, {"ptrace", unix.SYS_PTRACE}, {"kcmp", unix.SYS_KCMP},
	{"process_vm_readv", unix.SYS_PROCESS_VM_READV}, {"process_vm_writev", unix.SYS_PROCESS_VM_WRITEV},
	{"process_madvise", unix.SYS_PROCESS_MADVISE}, {"process_mrelease", unix.SYS_PROCESS_MRELEASE},
	{"pidfd_open", unix.SYS_PIDFD_OPEN}, {"pidfd_getfd", unix.SYS_PIDFD_GETFD}, {"pidfd_send_signal", unix.SYS_PIDFD_SEND_SIGNAL},
	{"tkill", unix.SYS_TKILL}, {"unshare", unix.SYS_UNSHARE}, {"setns", unix.SYS_SETNS}, {"personality", unix.SYS_PERSONALITY},
	{"setuid", unix.SYS_SETUID}, {"setgid", unix.SYS_SETGID}, {"setreuid", unix.SYS_SETREUID}, {"setregid", unix.SYS_SETREGID},
	{"setresuid", unix.SYS_SETRESUID}, {"setresgid", unix.SYS_SETRESGID}, {"setfsuid", unix.SYS_SETFSUID}, {"setfsgid", unix.SYS_SETFSGID},
	{"setgroups", unix.SYS_SETGROUPS}, {"capset", unix.SYS_CAPSET}, {"setpriority", unix.SYS_SETPRIORITY}, {"ioprio_set", unix.SYS_IOPRIO_SET},
	{"migrate_pages", unix.SYS_MIGRATE_PAGES}, {"move_pages", unix.SYS_MOVE_PAGES},

	// Memory and queues that processes share by name or number.
	{"shmget", unix.SYS_SHMGET}, {"shmat", unix.SYS_SHMAT}, {"shmctl", unix.SYS_SHMCTL},
	{"semget", unix.SYS_SEMGET}, {"semop", unix.SYS_SEMOP}, {"semtimedop", unix.SYS_SEMTIMEDOP}, {"semctl", unix.SYS_SEMCTL},
	{"msgget", unix.SYS_MSGGET}, {"msgsnd", unix.SYS_MSGSND}, {"msgrcv", unix.SYS_MSGRCV}, {"msgctl", unix.SYS_MSGCTL},
	{"mq_open", unix.SYS_MQ_OPEN}, {"mq_unlink", unix.SYS_MQ_UNLINK},

	// The kernel: its keys, programs, modules, clocks, and what its attackers begin with.
	{"add_key", unix.SYS_ADD_KEY}, {"request_key", unix.SYS_REQUEST_KEY}, {"keyctl", unix.SYS_KEYCTL},
	{"bpf", unix.SYS_BPF}, {"perf_event_open", unix.SYS_PERF_EVENT_OPEN}, {"userfaultfd", unix.SYS_USERFAULTFD},
	{"io_uring_setup", unix.SYS_IO_URING_SETUP}, {"io_uring_enter", unix.SYS_IO_URING_ENTER}, {"io_uring_register", unix.SYS_IO_URING_REGISTER},
	{"init_module", unix.SYS_INIT_MODULE}, {"finit_module", unix.SYS_FINIT_MODULE}, {"delete_module", unix.SYS_DELETE_MODULE},
	{"kexec_load", unix.SYS_KEXEC_LOAD}, {"kexec_file_load", unix.SYS_KEXEC_FILE_LOAD}, {"reboot", unix.SYS_REBOOT},
	{"sethostname", unix.SYS_SETHOSTNAME}, {"setdomainname", unix.SYS_SETDOMAINNAME}, {"syslog", unix.SYS_SYSLOG}, {"vhangup", unix.SYS_VHANGUP},
	{"settimeofday", unix.SYS_SETTIMEOFDAY}, {"clock_settime", unix.SYS_CLOCK_SETTIME}, {"clock_adjtime", unix.SYS_CLOCK_ADJTIME}, {"adjtimex", unix.SYS_ADJTIMEX},
}

// brokeredCalls change rights, owner, times and attributes of an open file. The
// kernel lets its owner do so even where it was opened for reading alone; the
// broker carries them out where it was opened for writing.
var brokeredCalls = []call{
	{"fchmod", unix.SYS_FCHMOD}, {"fchown", unix.SYS_FCHOWN}, {"utimensat", unix.SYS_UTIMENSAT},
	{"fsetxattr", unix.SYS_FSETXATTR}, {"fremovexattr", unix.SYS_FREMOVEXATTR},
}

// judgedCalls are forbidden for some arguments; the name is for messages.
var judgedCalls = []call{
	{"clone", unix.SYS_CLONE},
	{"kill", unix.SYS_KILL}, {"tgkill", unix.SYS_TGKILL}, {"rt_sigqueueinfo", unix.SYS_RT_SIGQUEUEINFO}, {"rt_tgsigqueueinfo", unix.SYS_RT_TGSIGQUEUEINFO},
	{"prlimit64", unix.SYS_PRLIMIT64}, {"ioctl", unix.SYS_IOCTL}, {"fcntl", unix.SYS_FCNTL}, {"sendmsg", unix.SYS_SENDMSG}, {"recvmsg", unix.SYS_RECVMSG},
}

// callName is the name of a system call that is answered for.
func callName(number uint32) string {
	for _, list := range [][]call{forbiddenCalls, oldCalls, brokeredCalls, judgedCalls} {
		for _, c := range list {
			if c.number == number {
				return c.name
			}
		}
	}
	for _, o := range openings {
		if o.number == number {
			return o.name
		}
	}
	return "unknown"
}
