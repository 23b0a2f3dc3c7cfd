package sandbox

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_AARCH64

var openings = []opening{{call{"openat", unix.SYS_OPENAT}, 2}}

var oldCalls []call
