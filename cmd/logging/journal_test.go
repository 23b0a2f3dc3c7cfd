package logging

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
	sd "github.com/coreos/go-systemd/v22/journal"
)

// sent is a line that the journal got.
type sent struct {
	message  string
	priority sd.Priority
	fields   map[string]string
}

// journalled is a log, and where its lines are found.
func journalled(level slog.Level) (*slog.Logger, *[]sent) {
	var all []sent
	j := newJournal(&bytes.Buffer{}, level).(*journal)
	j.send = func(message string, p sd.Priority, fields map[string]string) error {
		all = append(all, sent{message, p, fields})
		return nil
	}
	return slog.New(j), &all
}

func TestTheJournalGetsFields(t *testing.T) {
	log, lines := journalled(slog.LevelInfo)
	log.With("step", "a").WithGroup("g").Info("x", "n", 1)
	log.Debug("unheard")
	log.Error("quarantined", event.PhotoQuarantined.Attr(), event.Detailed("folder", "/in"), "photo", "/in/a.jpg", "kind", "damaged", "took", 1500*time.Millisecond, "outputs", 2)
	if len(*lines) != 2 {
		t.Fatalf("got %v", *lines)
	}
	first, second := (*lines)[0], (*lines)[1]
	if first.message != "x step=a g.n=1" || first.priority != sd.PriInfo || first.fields["BURNISH_STEP"] != "a" || first.fields["BURNISH_G_N"] != "1" {
		t.Errorf("got %+v", first)
	}
	if want := "quarantined photo=/in/a.jpg kind=damaged took=1.5s outputs=2"; second.message != want || second.priority != sd.PriErr {
		t.Errorf("got %+v, want %q", second, want)
	}
	for name, want := range map[string]string{
		"MESSAGE_ID": event.PhotoQuarantined.ID(), "PHOTO": "/in/a.jpg", "FOLDER": "/in", "KIND": "damaged", "SECONDS": "1.5",
		"BURNISH_OUTPUTS": "2", "EVENT": "photo_quarantined", "SYSLOG_IDENTIFIER": "burnish",
	} {
		if got := second.fields[name]; got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
}

// Names of files may hold anything, and so may the names of a photo's notes.
func TestTheJournalTakesNoForgedField(t *testing.T) {
	log, lines := journalled(slog.LevelInfo)
	name := "/in/a\nMESSAGE_ID=forged\n_UID=0\xff\x1b[2J\x00.jpg"
	log.Warn("a\nb", "photo", name, "photo", "another", "_UID", "0", "message_id", "x", "MESSAGE", "x", "priority", "0", "é=\n", "x", strings.Repeat("n", 200), "long")
	got := (*lines)[0]
	if strings.ContainsAny(got.message, "\n\x1b\x00") || got.priority != sd.PriWarning {
		t.Errorf("message %q", got.message)
	}
	if got.fields["PHOTO"] != name {
		t.Errorf("PHOTO=%q, want the name as it is", got.fields["PHOTO"])
	}
	for field := range got.fields {
		if own := strings.HasPrefix(field, "BURNISH_") || field == "PHOTO" || field == "SYSLOG_IDENTIFIER"; !own || len(field) > 64 {
			t.Errorf("there is a field %s", field)
		}
	}
}

// Without the journal's socket, lines have priorities: without them,
// journalctl -p warning shows nothing.
func TestLinesHaveTheirPriorityWhereTheSocketIsGone(t *testing.T) {
	var out bytes.Buffer
	j := newJournal(&out, slog.LevelDebug).(*journal)
	j.send = func(string, sd.Priority, map[string]string) error { return errors.New("gone") }
	log := slog.New(j).With("folder", "/in")
	log.Debug("a")
	log.Info("b", "photo", "x\ny.jpg", event.PhotoDone.Attr())
	log.Warn("c")
	log.Error("d")
	want := "<7>a folder=/in\n<6>b folder=/in photo=\"x\\ny.jpg\"\n<4>c folder=/in\n<3>d folder=/in\n"
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
		if got := isStream(f, stream); got != want {
			t.Errorf("JOURNAL_STREAM=%s: %t", stream, got)
		}
	}
}
