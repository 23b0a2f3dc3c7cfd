package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAStateFolderOfOthersIsRefused(t *testing.T) {
	dir := t.TempDir()
	me := os.Geteuid()
	if err := trusted(dir, me); err != nil {
		t.Errorf("one's own: %v", err)
	}
	if err := trusted(dir, me+1); err == nil || !strings.Contains(err.Error(), "state_dir") {
		t.Errorf("another's: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := trusted(link, me); err != nil {
		t.Errorf("a link of one's own: %v", err)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("one that all may write to: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("files were made there: %v", entries)
	}
	if _, err := Open(""); err == nil {
		t.Error("none is taken")
	}
}
