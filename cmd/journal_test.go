package cmd

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Without priorities, journalctl -p warning shows nothing.
func TestLinesOfTheJournalHaveTheirPriority(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newJournal(&out, slog.LevelDebug)).With("folder", "/in")
	log.Debug("a")
	log.Info("b", "photo", "x\ny.jpg")
	log.Warn("c")
	log.Error("d")
	want := "<7>msg=a folder=/in\n<6>msg=b folder=/in photo=\"x\\ny.jpg\"\n<4>msg=c folder=/in\n<3>msg=d folder=/in\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

func TestTheJournalsStreamIsTold(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	for stream, want := range map[string]bool{"": false, fmt.Sprintf("%d:%d", s.Dev, s.Ino): true, fmt.Sprintf("%d:%d", s.Dev, s.Ino+1): false} {
		if got := inJournal(f, stream); got != want {
			t.Errorf("JOURNAL_STREAM=%s: %t", stream, got)
		}
	}
}
