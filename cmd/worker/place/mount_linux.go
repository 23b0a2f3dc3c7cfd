package place

import "golang.org/x/sys/unix"

// Mount is the mount that path lies on. A disk that is unmounted and mounted
// again has the same device and inodes, but is another mount; before Linux 6.8
// that may have the number of the one that went.
func Mount(path string) uint64 {
	for _, mask := range []int{unix.STATX_MNT_ID_UNIQUE, unix.STATX_MNT_ID} {
		var s unix.Statx_t
		if unix.Statx(unix.AT_FDCWD, path, unix.AT_STATX_DONT_SYNC, mask, &s) == nil && s.Mask&uint32(mask) != 0 {
			return s.Mnt_id
		}
	}
	return 0
}
