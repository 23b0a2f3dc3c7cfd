package api

import (
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup is no group but the daemon's own.
const ownGroup = -1

// administrators makes the state folder the daemon's user's alone, who with root
// may ask the daemon for everything: people of its group may drop photos, which
// is another right. A folder that was given a group of its own is left as it is,
// and that group administers as well.
func administrators(stateDir string) (socket fs.FileMode, group int) {
	info, err := os.Stat(stateDir)
	if err != nil {
		return 0o600, ownGroup
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(s.Gid) != os.Getegid() && info.Mode().Perm()&0o050 == 0o050 {
		return 0o660, int(s.Gid)
	}
	if info.Mode().Perm()&0o077 != 0 {
		_ = os.Chmod(stateDir, 0o700) // the socket's own mode keeps others out as well
	}
	return 0o600, ownGroup
}

// owns reports whether the daemon's own user, or root, is at the other end.
func owns(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var peer *unix.Ucred
	if raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil {
		return false
	}
	return peer.Uid == 0 || int(peer.Uid) == os.Geteuid()
}
