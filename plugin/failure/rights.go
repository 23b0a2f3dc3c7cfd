package failure

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/ops/diag"
	"golang.org/x/sys/unix"
)

// AdviseWrite is the remedy where something could not be written below folder:
// for the rights of this process's user, for a disk that is read-only, or for a
// systemd service that may not write there. It is "" for other errors.
func AdviseWrite(err error, folder string) string {
	if path := (*os.PathError)(nil); errors.As(err, &path) && filepath.IsAbs(path.Path) {
		folder = path.Path
	}
	folder = existing(folder)
	switch {
	case errors.Is(err, syscall.EROFS):
		return adviseReadOnly("/", folder, os.Getenv)
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("let the user %s write there: setfacl -m %s %s", userName("/"), entry("rwx"), diag.ShellWord(barred(folder)))
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("let the user %s do that in %s", userName("/"), folder)
	}
	return ""
}

// AdviseRead is the remedy where this process's user may not read a file.
func AdviseRead(path string) string {
	at := barred(path)
	if at != path {
		return fmt.Sprintf("let the user %s into its folder: setfacl -m %s %s", userName("/"), entry("x"), diag.ShellWord(at))
	}
	folder := filepath.Dir(path)
	return fmt.Sprintf("let the user %s read it: setfacl -m %s %s, or -R -m %s,d:%s %s for all of its folder",
		userName("/"), entry("r"), diag.ShellWord(path), entry("rX"), entry("rX"), diag.ShellWord(folder))
}

// entry is one of an access control list, for this process's user alone.
func entry(rights string) string { return fmt.Sprintf("u:%d:%s", os.Geteuid(), rights) }

// barred is the outermost folder on the way to path that the user may not go
// through, else path.
func barred(path string) string {
	at := path
	for above := filepath.Dir(path); above != filepath.Dir(above); above = filepath.Dir(above) {
		if errors.Is(unix.Access(above, unix.X_OK), syscall.EACCES) {
			at = above
		}
	}
	return at
}

// existing is the nearest folder of path that is there.
func existing(path string) string {
	for {
		info, err := os.Stat(path)
		if err == nil && info.IsDir() || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// adviseReadOnly tells a disk that is mounted read-only from a folder that
// systemd makes read-only to its service, in which the disk itself is not. root
// is "/", but for tests.
func adviseReadOnly(root, folder string, get func(string) string) string {
	mount, disk := readOnlyMount(root, folder)
	if get("INVOCATION_ID") == "" && get("JOURNAL_STREAM") == "" || !mount || disk {
		return "the disk that holds it is mounted read-only: mount it for writing (it may have become so by an error, see dmesg), or choose another folder"
	}
	service := serviceName(root)
	return fmt.Sprintf(`the service may not write there: run "systemctl edit %s", add the lines "[Service]" and "ReadWritePaths=%s", and "systemctl restart %s"; burnish check as root names all such folders`, service, folder, service)
}

// readOnlyMount reports whether the mount that holds folder is read-only, and
// whether its disk is, wherever else it is mounted.
func readOnlyMount(root, folder string) (mount, disk bool) {
	table, _ := os.ReadFile(filepath.Join(root, "proc/self/mountinfo")) // without it, neither
	longest := 0
	for line := range strings.Lines(string(table)) {
		here, there, _ := strings.Cut(strings.TrimSpace(line), " - ")
		a, b := strings.Fields(here), strings.Fields(there)
		if len(a) < 6 || len(b) < 3 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(a[4])
		rest, ok := strings.CutPrefix(folder, strings.TrimSuffix(point, "/"))
		if !ok || rest != "" && rest[0] != '/' || len(point) < longest {
			continue
		}
		longest = len(point) // of one point the last mount counts
		mount, disk = isReadOnly(a[5]), isReadOnly(b[2])
	}
	return mount, disk
}

func isReadOnly(options string) bool { return strings.HasPrefix(options+",", "ro,") }

// serviceName is the systemd service that this process runs in.
func serviceName(root string) string {
	groups, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup")) // without it, the package's
	for part := range strings.FieldsFuncSeq(string(groups), func(r rune) bool { return r == '/' || r == '\n' }) {
		if name, ok := strings.CutSuffix(part, ".service"); ok {
			return name
		}
	}
	return "burnish"
}

// userName is this process's user in the list of users. The C library would ask
// other programs, too, which the sandbox denies.
func userName(root string) string {
	id := strconv.Itoa(os.Geteuid())
	users, _ := os.ReadFile(filepath.Join(root, "etc/passwd"))
	for line := range strings.Lines(string(users)) {
		if parts := strings.Split(line, ":"); len(parts) > 2 && parts[2] == id {
			return fmt.Sprintf("%s (id %s)", cmp.Or(parts[0], id), id)
		}
	}
	return "with id " + id
}

// Ill reports whether an error is one of a disk, a mount or this process rather
// than of a name or its rights.
func Ill(err error) bool {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrNotExist)
	}
	switch number {
	case syscall.EACCES, syscall.EPERM, syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENOTEMPTY,
		syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EILSEQ, syscall.ETXTBSY, syscall.EBUSY, syscall.EFBIG:
		return false
	}
	return true
}
