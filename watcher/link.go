package watcher

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/watcher/paths"
)

// Links says what becomes of symbolic links below a watched folder.
type Links string

// What becomes of them.
const (
	SkipLinks   Links = "skip"   // they are passed over; also the meaning of ""
	InsideLinks Links = "inside" // followed where they lead to something below the watched folder
	FollowLinks Links = "follow" // followed wherever they lead
)

// lookAt is what stands at a path in f: for a link that may be followed, what
// it leads to. It is false for one that may not, or that leads nowhere; the
// error of a path that is gone is returned as it is.
func (l *loop) lookAt(f *folder, path string) (info fs.FileInfo, ok bool, err error) {
	info, err = os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return info, err == nil, err
	}
	if _, ok = l.follow(f.root, path); !ok {
		return nil, false, nil
	}
	info, err = os.Stat(path)
	return info, err == nil, nil
}

// follow resolves a link, where r's policy allows it. What is excluded, and
// what is watched for itself, is not reached through a link either.
func (l *loop) follow(r *root, path string) (real string, ok bool) {
	if r.Links != InsideLinks && r.Links != FollowLinks {
		return "", false
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil || r.Links == InsideLinks && !paths.Within(real, r.real) {
		return "", false
	}
	barred := func(folder string) bool { return paths.Within(real, folder) }
	others := func(o *root) bool { return o != r && paths.Within(real, o.real) && !paths.Within(r.real, o.real) }
	return real, !slices.ContainsFunc(l.exclude, barred) && !slices.ContainsFunc(l.roots, others)
}
