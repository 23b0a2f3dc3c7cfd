package plugin_test

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"golang.org/x/sys/unix"
)

// While a photo is compared with a file that takes long to read, others go on.
func TestComparingHoldsNobodyUp(t *testing.T) {
	numbered := strings.Replace(small, `path: "{dir}/{stem}.png"`, `{path: "{stem}.png", collision: number}`, 1) + "limits: {concurrency: 2}\n"
	twin := newFixture(t, numbered, plugin.WithLedger())
	made, err := os.ReadFile(twin.done(twin.photo("a.jpg", 20, 10, 1)).Outputs[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	b := newFixture(t, numbered, plugin.WithLedger())
	a, other := b.photo("a.jpg", 20, 10, 1), b.photo("other.jpg", 20, 10, 2)
	b.write("out", nil) // so that it fails once, and is not looked for among the outputs then
	b.fails(a, plugin.Unwritable)
	os.Remove(b.path("out"))
	b.write("out/a.png", []byte("somebody else's"))
	same := b.write("out/a-2.png", made)

	// Who opens a leased file waits for the lease to be given back, of which its
	// holder is told by a signal.
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGIO)
	defer signal.Stop(told)
	leased, err := os.OpenFile(same, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer leased.Close()
	if _, err := unix.FcntlInt(leased.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skip("no leases of files here:", err)
	}
	results := make(chan plugin.Result, 2)
	process := func(path string) {
		r, err := b.engine.Process(t.Context(), b.job(path))
		if err != nil {
			t.Error(err)
		}
		results <- r
	}
	go process(a)
	select {
	case <-told:
	case <-time.After(time.Minute):
		t.Fatal("nobody compares")
	}
	go process(other)
	select {
	case r := <-results:
		if len(r.Outputs) != 1 || r.Outputs[0].Path == same {
			t.Errorf("the first to end is %+v", r)
		}
	case <-time.After(30 * time.Second):
		t.Error("another photo waits for the comparison")
	}
	if _, err := unix.FcntlInt(leased.Fd(), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
		t.Error(err)
	}
	if r := <-results; len(r.Outputs) != 1 || r.Outputs[0].Path != same {
		t.Errorf("what was there already is not taken: %+v", r)
	}
}
