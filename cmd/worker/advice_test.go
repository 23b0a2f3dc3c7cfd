package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

func TestADenialNamesTheSandbox(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.WriteFile(closed, nil, 0); err != nil {
		t.Fatal(err)
	}
	open := func(path string) error { return &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission} }
	const forbids, may = "forbids it, not the user's rights: add the path to worker.read", "is the cause: add the path"
	for _, tt := range []struct {
		name string
		kind plugin.Kind
		err  error
		want string
		then plugin.Kind
		user bool // as a user, since root may do all
	}{
		{"a file of a step", plugin.Unwritable, open(file), forbids, plugin.Unwritable, false},
		{"told by a library", plugin.StepFailed, errors.New(`VipsForeignLoad: unable to open "` + file + `": Permission denied`), forbids, plugin.Unreadable, false},
		{"a new file", plugin.Unwritable, open(filepath.Join(dir, "new")), forbids, plugin.Unwritable, false},
		{"no path", plugin.StepFailed, errors.New("dlopen: Permission denied"), may, plugin.StepFailed, false},
		{"the photo", plugin.Unreadable, fmt.Errorf("cannot be read: %w", fs.ErrPermission), forbids, plugin.Unreadable, false},
		{"no right to it", plugin.Unwritable, open(closed), "", plugin.Unwritable, true},
		{"an owner that may not be given", plugin.Unwritable, fmt.Errorf("cannot be given to anna: %w", &fs.PathError{Op: "chown", Path: file, Err: syscall.EPERM}), "", plugin.Unwritable, false},
		{"words of a name", plugin.Conflict, errors.New("the output " + dir + "/permission denied.webp already belongs to another"), "", plugin.Conflict, false},
		{"a link in the photo's place", plugin.Swapped, open(file), "", plugin.Swapped, false},
		{"another failure", plugin.StepFailed, errors.New("out of order: " + file), "", plugin.StepFailed, false},
	} {
		if tt.user && os.Getuid() == 0 {
			continue
		}
		f := &plugin.Error{Path: file, Kind: tt.kind, Err: tt.err}
		adviseConfined(f)
		if !strings.Contains(f.Hint, tt.want) || tt.want == "" && f.Hint != "" || f.Kind != tt.then {
			t.Errorf("%s: %s, %s", tt.name, f.Kind, f)
		}
	}
}

func TestNotEveryFailedStartIsTheSandboxs(t *testing.T) {
	for text, err := range map[string]error{
		"a death":            fmt.Errorf("%w: exit status 127", errDead),
		"a denial":           &fs.PathError{Op: "open", Path: "/m.onnx", Err: fs.ErrPermission},
		"told by the loader": errors.New("libx.so: cannot open shared object file: Permission denied"),
	} {
		if !bySandbox(err) {
			t.Errorf("%s is not the sandbox's", text)
		}
	}
	for _, text := range []string{"another process has the ledger", "there is no model lite2"} {
		if bySandbox(errors.New(text)) {
			t.Errorf("%q is the sandbox's", text)
		}
	}
}
