package watcher

import (
	"fmt"
	"syscall"
)

// filesystem is the kind of file system that a path lies on.
type filesystem struct {
	name string
	// remote says that others can change it without this kernel's knowledge,
	// so that no event tells of it.
	remote bool
}

// filesystems by the magic number that statfs(2) gives.
var filesystems = map[int64]filesystem{
	0x6969:     {"NFS", true},
	0x517b:     {"SMB", true},
	0xff534d42: {"SMB", true},
	0xfe534d42: {"SMB", true},
	0x65735546: {"FUSE", true}, // sshfs, rclone, mergerfs, Docker Desktop's shares
	0x794c7630: {"overlay", true},
	0x01021997: {"9p", true}, // WSL, virtual machines
	0x786f4256: {"vboxsf", true},
	0x00c36400: {"Ceph", true},
	0x0bd00bd0: {"Lustre", true},
	0x5346414f: {"AFS", true},
	0x6b414653: {"AFS", true},
	0x73757245: {"Coda", true},
	0x01161970: {"GFS2", true},
	0x7461636f: {"OCFS2", true},
	0x61756673: {"aufs", true},
	0xef53:     {"ext4", false},
	0x58465342: {"XFS", false},
	0x9123683e: {"Btrfs", false},
	0x2fc12fc1: {"ZFS", false},
	0xca451a4e: {"bcachefs", false},
	0xf2f52010: {"F2FS", false},
	0x01021994: {"tmpfs", false},
	0x4d44:     {"FAT", false},
	0x2011bab0: {"exFAT", false},
	0x7366746e: {"NTFS", false},
	0x5346544e: {"NTFS", false},
	0x9660:     {"ISO 9660", false},
	0x15013346: {"UDF", false},
}

// filesystemOf tells what path lies on. One that is not known counts as local.
func filesystemOf(path string) filesystem {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return filesystem{}
	}
	magic := int64(s.Type) & 0xffffffff //nolint:unconvert // Type differs by architecture
	if known, ok := filesystems[magic]; ok {
		return known
	}
	return filesystem{name: fmt.Sprintf("file system %#x", magic)}
}
