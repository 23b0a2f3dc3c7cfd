package unit

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDropInsCountByNameAndPlace(t *testing.T) {
	root := t.TempDir()
	write(t, root+"/usr/lib/systemd/system/burnish.service", "[Unit]\nUser=unit\n[Service]\nUser=burnish\nReadWritePaths=/a \"/b c\"\nReadWritePaths=%S/d\n")
	write(t, root+"/usr/lib/systemd/system/burnish.service.d/20.conf", "[Service]\nUser=vendor\n")
	write(t, root+"/etc/systemd/system/burnish.service.d/20.conf", "[Service]\nUser=edited\n")
	write(t, root+"/etc/systemd/system/service.d/10.conf", "[Service]\nUser=all\nReadWritePaths=\nReadWritePaths=-/e\\ f\n")
	u, err := Find(root, "burnish")
	if err != nil {
		t.Fatal(err)
	}
	if got := u.value("User"); got != "edited" {
		t.Errorf("User is %q", got)
	}
	if got := u.words("ReadWritePaths"); !slices.Equal(got, []string{"-/e f"}) {
		t.Errorf("ReadWritePaths are %q", got)
	}
	write(t, root+"/etc/systemd/system/service.d/10.conf", "")
	if u, err = Find(root, "burnish.service"); err != nil {
		t.Fatal(err)
	}
	if got := u.words("ReadWritePaths"); !slices.Equal(got, []string{"/a", "/b c", "/var/lib/d"}) {
		t.Errorf("ReadWritePaths are %q", got)
	}
	if _, err := Find(root, "other"); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("a service that is not there: %v", err)
	}
}

func unwrapped(err error) error {
	for {
		w, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = w.Unwrap()
	}
}

// An instance is read from its template, with the drop-ins of both.
func TestInstanceOfATemplate(t *testing.T) {
	root := t.TempDir()
	write(t, root+"/usr/lib/systemd/system/burnish@.service", "[Service]\nExecStart=/usr/bin/burnish run -c "+root+"/etc/burnish/%i.yaml\nStateDirectory=burnish-%i\nUser=burnish\n")
	write(t, root+"/etc/systemd/system/burnish@.service.d/10.conf", "[Service]\nUser=every\nReadWritePaths=/srv/%p/%I\n")
	write(t, root+"/etc/systemd/system/burnish@anna-b.service.d/20.conf", "[Service]\nUser=anna\n")
	write(t, root+"/etc/burnish/anna-b.yaml", "")
	u, err := Find(root, "burnish@anna-b")
	if err != nil {
		t.Fatal(err)
	}
	if got := u.value("User"); u.Name != "burnish@anna-b.service" || got != "anna" {
		t.Errorf("%s runs as %q", u.Name, got)
	}
	if !u.Runs(root + "/etc/burnish/anna-b.yaml") {
		t.Error("the instance does not run its configuration")
	}
	if !u.Makes("/var/lib/burnish-anna-b/state") {
		t.Error("the instance does not make its state folder")
	}
	if got := u.words("ReadWritePaths"); !slices.Equal(got, []string{"/srv/burnish/anna/b"}) {
		t.Errorf("ReadWritePaths are %q", got)
	}
	if _, err := Find(root, "burnish"); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("the template is not a service of its own: %v", err)
	}
}

// The unit of the package, with what administrators add.
func TestNamespaceOfTheInstalledUnit(t *testing.T) {
	installed, err := os.ReadFile("../../packaging/systemd/burnish.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dropIn, path string
		want         Access
		by           string
	}{
		{"", "/var/lib/burnish/out", Writable, "StateDirectory=burnish"},
		{"", "/photos/restored", ReadOnly, "ProtectSystem=strict"},
		{"ReadWritePaths=/photos/restored", "/photos/restored/2026", Writable, "ReadWritePaths"},
		{"ReadWritePaths=/photos/restored", "/photos/restored2", ReadOnly, "ProtectSystem=strict"},
		{"ReadWritePaths=-/photos\nReadOnlyPaths=/photos/in", "/photos/in/a", ReadOnly, "ReadOnlyPaths"},
		{"ReadWritePaths=/photos\nReadWritePaths=", "/photos", ReadOnly, "ProtectSystem=strict"},
		{"", "/home/anna/in", Hidden, "ProtectHome=yes"},
		{"ReadWritePaths=/home/anna", "/home/anna/in", Hidden, "ProtectHome=yes"},
		{"BindPaths=/home/anna", "/home/anna/in", Hidden, "ProtectHome=yes"}, // nothing opens what is inaccessible
		{"ProtectHome=tmpfs\nBindPaths=/home/anna/out", "/home/anna/out/2026", Writable, "BindPaths"},
		{"ProtectHome=tmpfs\nBindPaths=/home/anna/out", "/home/anna/in", Hidden, "ProtectHome=tmpfs"},
		{"ProtectHome=tmpfs\nBindReadOnlyPaths=/home/anna/in", "/home/anna/in", ReadOnly, "BindReadOnlyPaths"},
		{"ProtectHome=no", "/home/anna/in", ReadOnly, "ProtectSystem=strict"},
		{"ProtectHome=no\nReadWritePaths=/home/anna", "/home/anna/in", Writable, "ReadWritePaths"},
		{"", "/tmp/photos", Hidden, "PrivateTmp=yes"},
		{"ProtectSystem=full", "/photos/restored", Writable, ""},
		{"ProtectSystem=no", "/usr/local/photos", Writable, ""},
		{"InaccessiblePaths=/photos\nReadWritePaths=/photos/restored", "/photos/restored", Hidden, "InaccessiblePaths"},
	} {
		file := filepath.Join(t.TempDir(), "burnish.service")
		write(t, file, string(installed))
		write(t, file+".d/override.conf", "[Service]\n"+tt.dropIn+"\n")
		u, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, by, _ := u.Access(tt.path); got != tt.want || by != tt.by {
			t.Errorf("%q: %s is %d by %q, want %d by %q", tt.dropIn, tt.path, got, by, tt.want, tt.by)
		}
	}
}

func TestPathsOfTheUnitThatAreNotThere(t *testing.T) {
	file, there := filepath.Join(t.TempDir(), "u.service"), t.TempDir()
	write(t, file, "[Service]\nReadWritePaths="+there+" /no/such -/no/other +/no/third\nBindPaths=/no/fourth:/x\n")
	u, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Missing(); !slices.Equal(got, []string{"ReadWritePaths=/no/such", "ReadWritePaths=/no/third", "BindPaths=/no/fourth"}) {
		t.Errorf("missing are %q", got)
	}
}

func TestQuotedPathsAreReadBack(t *testing.T) {
	for _, path := range []string{"/a", "/a b", `/a"b`, "/a'b", `/a\b`, "/100%S"} {
		file := filepath.Join(t.TempDir(), "u.service")
		write(t, file, "[Service]\nReadWritePaths="+Quote(path)+"\n")
		u, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.words("ReadWritePaths"); !slices.Equal(got, []string{path}) {
			t.Errorf("%q is read as %q", path, got)
		}
	}
}

// A photo folder of another user (uid 1000, 0755): what root may do says nothing.
func TestRightsAreTheUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can judge another user's rights")
	}
	top := t.TempDir()
	for path, mode := range map[string]os.FileMode{"open": 0o755, "group": 0o770, "closed": 0o700, "closed/in": 0o777} {
		path = filepath.Join(top, path)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, 1000, 4242); err != nil {
			t.Fatal(err)
		}
	}
	guest := User{Name: "guest", UID: 12345, GID: 12345}
	member := User{Name: "member", UID: 12346, GID: 12346, Groups: []int{4242}}
	owner := User{Name: "owner", UID: 1000, GID: 1000}
	const read, all = unix.R_OK | unix.X_OK, unix.R_OK | unix.W_OK | unix.X_OK
	for _, tt := range []struct {
		user User
		path string
		mode uint32
		want []string
	}{
		{guest, "open", read, nil},
		{guest, "open", all, []string{"open"}},
		{owner, "open", all, nil},
		{guest, "group", read, []string{"group"}},
		{member, "group", all, nil},
		{guest, "closed/in", all, []string{"closed"}},
		{owner, "closed/in", all, nil},
	} {
		denied, err := tt.user.Denied(filepath.Join(top, tt.path), top, tt.mode)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, at := range tt.want {
			want = append(want, filepath.Join(top, at))
		}
		if !slices.Equal(denied, want) {
			t.Errorf("%s, %s, %o: denied by %q, want %q", tt.user.Name, tt.path, tt.mode, denied, want)
		}
	}
	if os.Geteuid() != 0 || unix.Access(filepath.Join(top, "closed/in"), unix.W_OK) != nil {
		t.Error("the process has lost rights of its own")
	}
}
