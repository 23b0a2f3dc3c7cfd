package failure

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A photo folder outside of the unit's ReadWritePaths: "read-only file system"
// is systemd's doing there, and the disk's elsewhere.
func TestReadOnlyIsTheServicesOrTheDisks(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"mountinfo": "1 0 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n" +
			"2 1 8:2 / /mnt/cd ro,relatime - iso9660 /dev/sr0 ro\n" +
			"3 1 8:1 / /var/lib/burnish rw,relatime shared:1 - ext4 /dev/sda1 rw\n" +
			"4 1 8:3 / /mnt/a\\040disk ro,nosuid - ext4 /dev/sdb1 rw\n",
		"cgroup": "0::/system.slice/photos.service\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, "proc/self"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "proc/self", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	service := map[string]string{"INVOCATION_ID": "0123"}
	for _, tt := range []struct {
		env    map[string]string
		folder string
		want   string
	}{
		{service, "/photos", `run "systemctl edit photos", add the lines "[Service]" and "ReadWritePaths=/photos"`},
		{map[string]string{"JOURNAL_STREAM": "8:1"}, "/mnt/a disk/out", "ReadWritePaths=/mnt/a disk/out"},
		{service, "/mnt/cd/x", "the disk that holds it is mounted read-only"},
		{nil, "/photos", "the disk that holds it is mounted read-only"},
		{service, "/var/lib/burnish/out", "the disk that holds it is mounted read-only"}, // it was, and is no more
	} {
		got := adviseReadOnly(root, tt.folder, func(name string) string { return tt.env[name] })
		if !strings.Contains(got, tt.want) {
			t.Errorf("%v, %s: %s", tt.env, tt.folder, got)
		}
		if strings.Contains(got, "systemctl") != strings.Contains(tt.want, "ReadWritePaths") {
			t.Errorf("%v, %s names the service, or not: %s", tt.env, tt.folder, got)
		}
	}
}

func TestADenialNamesUserAndFolder(t *testing.T) {
	dir := t.TempDir()
	denied := fmt.Errorf("published nothing: %w", &fs.PathError{Op: "open", Path: filepath.Join(dir, "new", "a.jpg"), Err: syscall.EACCES})
	got := AdviseWrite(denied, "/elsewhere")
	if want := fmt.Sprintf("write there: setfacl -m u:%d:rwx %s", os.Geteuid(), dir); !strings.Contains(got, want) || !strings.Contains(got, "the user ") {
		t.Errorf("%q, want %q", got, want)
	}
	if got := AdviseWrite(syscall.EIO, dir); got != "" {
		t.Errorf("advice for an error of another kind: %q", got)
	}
	got = AdviseRead(filepath.Join(dir, "a photo.jpg"))
	if want := fmt.Sprintf("setfacl -m u:%d:r '%s/a photo.jpg'", os.Geteuid(), dir); !strings.Contains(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if strings.Contains(got, "o+") {
		t.Errorf("the remedy opens the photo to everybody: %q", got)
	}
}
