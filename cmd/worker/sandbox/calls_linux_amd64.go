package sandbox

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_X86_64

var openings = []opening{{call{"open", unix.SYS_OPEN}, 1}, {call{"openat", unix.SYS_OPENAT}, 2}}

// oldCalls are forbidden as well; younger architectures do not have them.
var oldCalls = []call{
	{"chmod", unix.SYS_CHMOD}, {"chown", unix.SYS_CHOWN}, {"lchown", unix.SYS_LCHOWN},
	{"utime", unix.SYS_UTIME}, {"utimes", unix.SYS_UTIMES}, {"futimesat", unix.SYS_FUTIMESAT},
	{"mknod", unix.SYS_MKNOD}, {"inotify_init", unix.SYS_INOTIFY_INIT}, {"fork", unix.SYS_FORK}, {"vfork", unix.SYS_VFORK},
	{"uselib", unix.SYS_USELIB}, {"sysfs", unix.SYS_SYSFS}, {"_sysctl", unix.SYS__SYSCTL},
	{"iopl", unix.SYS_IOPL}, {"ioperm", unix.SYS_IOPERM}, {"modify_ldt", unix.SYS_MODIFY_LDT},
}
