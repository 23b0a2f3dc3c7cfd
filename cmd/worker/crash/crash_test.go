package crash_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker/crash"
)

// follow is an Output, its writing end and the lines that it told.
func follow(t *testing.T) (*crash.Output, *io.PipeWriter, func() string) {
	t.Helper()
	r, w := io.Pipe()
	var mu sync.Mutex
	var told []string
	o := crash.Follow(r, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, line)
	})
	return o, w, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(told, "|")
	}
}

func TestLinesOfALivingProcessAreTold(t *testing.T) {
	o, w, told := follow(t)
	fmt.Fprint(w, "warning: a\n\nwarning: b\n")
	for deadline := time.Now().Add(10 * time.Second); told() == "" && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	w.Close()
	if left := o.End(); told() != "warning: a|warning: b" || left != "" {
		t.Errorf("told %q, left %q", told(), left)
	}
}

func TestTheDumpOfADyingProcessIsKeptWhole(t *testing.T) {
	o, w, told := follow(t)
	fmt.Fprintln(w, "fatal error: unexpected signal")
	time.Sleep(time.Second) // dumps of many threads take their time
	fmt.Fprint(w, "goroutine 1 [running]:\n")
	w.Close()
	if left := o.End(); told() != "" || left != "fatal error: unexpected signal\ngoroutine 1 [running]:\n" {
		t.Errorf("told %q, left %q", told(), left)
	}
}

func TestADumpIsBounded(t *testing.T) {
	o, w, _ := follow(t)
	fmt.Fprintln(w, "panic: begin")
	for range 4000 {
		fmt.Fprintln(w, strings.Repeat("x", 1000))
	}
	fmt.Fprintln(w, "end")
	w.Close()
	left := o.End()
	if len(left) > 400<<10 || !strings.HasPrefix(left, "panic: begin\n") || !strings.HasSuffix(left, "\nend\n") || !strings.Contains(left, "bytes left out") {
		t.Errorf("%d bytes, %.20s … %s", len(left), left, left[len(left)-20:])
	}
}

func TestTheOldestDumpsAreRemoved(t *testing.T) {
	state := filepath.Join(t.TempDir(), "a [pattern]*")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var file string
	for i := range 25 {
		var err error
		if file, err = crash.Save(state, "worker ended", "panic: x", at.Add(time.Duration(i)*time.Second), i); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := os.ReadDir(filepath.Join(state, "crashes"))
	text, err := os.ReadFile(file)
	if len(all) != 10 || err != nil || string(text) != "worker ended\n\npanic: x" {
		t.Errorf("%d dumps, the last %q, %v", len(all), text, err)
	}
}

func TestCause(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"burnish: no such file\n":       "burnish: no such file",
		"a\nb\n":                        "b",
		"x\nSIGSEGV: segv\nPC=1\nend\n": "SIGSEGV: segv",
		"panic: " + strings.Repeat("x", 999) + "\n": "panic: " + strings.Repeat("x", 293),
	} {
		if got := crash.Cause(text); got != want {
			t.Errorf("%.40q: got %q", text, got)
		}
	}
}
