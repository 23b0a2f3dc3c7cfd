package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/event"
)

// inbox is a receiver's messages.
type inbox struct {
	mu  sync.Mutex
	all []Message
	err error // that the receiver answers with
}

func (b *inbox) send(_ context.Context, m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.all = append(b.all, m)
	}
	return b.err
}

func (b *inbox) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// got are the messages.
func (b *inbox) got() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// take are the messages since the last call, each as its type, count and items.
func (b *inbox) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var text []string
	for _, m := range b.all {
		text = append(text, fmt.Sprintf("%s %d %s", m.Type, m.Data.Count, folders(m.Data.Items)))
	}
	b.all = nil
	return strings.Join(text, "; ")
}

// told is a log whose events a notifier in dir hears.
func told(dir string, b *inbox, events ...string) (*slog.Logger, *Notifier) {
	n := New(Options{StateDir: dir, Host: "nas", Version: "1", Log: slog.New(slog.DiscardHandler)})
	n.Use(Config{interval: 15 * time.Minute, batch: 10, targets: []target{{id: "inbox", name: "inbox", events: events, send: b.send}}})
	return slog.New(logging.Tell(slog.DiscardHandler, n.Hear)), n
}

func done() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return ctx
}

// A thousand failures are a message at once and another after the interval.
func TestEventsAreFolded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b inbox
		log, n := told(t.TempDir(), &b)
		quarantine := func(count int) {
			for i := range count {
				log.Error("quarantined", event.PhotoQuarantined.Attr(), "photo", fmt.Sprintf("/in/%d.jpg", i), "kind", "damaged", "error", "no end", "hint", "copy it")
			}
		}
		quarantine(1000)
		time.Sleep(10 * time.Second)
		all := b.got()
		if len(all) != 1 || all[0].Data.Count != 1000 || len(all[0].Data.Items) != 10 || all[0].Data.Items[0].Reason != "no end" || all[0].Data.Summary != "1000 photos are in quarantine" {
			t.Errorf("got %+v", all)
		}
		b.take()
		for range 20 {
			quarantine(1)
			time.Sleep(30 * time.Second)
		}
		if got := b.take(); got != "" {
			t.Errorf("within the interval came %s", got)
		}
		time.Sleep(10 * time.Minute)
		if got := b.take(); !strings.HasPrefix(got, "photo_quarantined 20 ") {
			t.Errorf("after the interval came %s", got)
		}
		n.Close(done())
	})
}

// What has passed before anybody was told is not told, and the last word is true.
func TestAFlappingFolderIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b inbox
		log, n := told(t.TempDir(), &b, Folder)
		degraded := func() { log.Error("x", event.FolderDegraded.Attr(), "folder", "/in", "reason", "gone") }
		back := func() { log.Info("x", event.FolderBack.Attr(), "folder", "/in") }
		degraded()
		log.Error("unwanted", event.PhotoQuarantined.Attr(), "photo", "a")
		time.Sleep(time.Minute)
		back()
		time.Sleep(time.Minute)
		if got := b.take(); got != "folder_degraded 1 /in; folder_back 1 /in" {
			t.Errorf("got %s", got)
		}
		for range 50 {
			degraded()
			time.Sleep(time.Second)
			back()
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		if got := b.take(); got != "" {
			t.Errorf("got %s", got)
		}
		degraded()
		time.Sleep(2 * time.Second)
		back()
		time.Sleep(2 * time.Second)
		if left := n.pending().waiting(); len(left) > 0 {
			t.Errorf("a daemon that is killed would tell of what has passed: %v", left)
		}
		time.Sleep(time.Hour)
		degraded()
		time.Sleep(time.Minute)
		if got := b.take(); got != "folder_degraded 1 /in" {
			t.Errorf("got %s", got)
		}
		n.Close(done())
	})
}

func TestCrashesAreToldWhereTheyRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b inbox
		log, n := told(t.TempDir(), &b)
		for range 4 {
			log.Error("x", event.WorkerCrashed.Attr(), "cause", "SIGSEGV")
			time.Sleep(6 * time.Minute)
		}
		if got := b.take(); got != "" {
			t.Errorf("got %s", got)
		}
		for range 3 {
			log.Error("x", event.WorkerCrashed.Attr(), "cause", "SIGSEGV")
		}
		log.Info("small", event.BatchFinished.Attr(), "photos", 9, "failed", 0)
		log.Info("large", event.BatchFinished.Attr(), "photos", 10, "failed", 1)
		time.Sleep(time.Minute)
		if all := b.got(); len(all) != 2 || all[0].Data.Items[0].Reason+all[1].Data.Items[0].Reason != "SIGSEGV" {
			t.Errorf("got %+v", all)
		}
		n.Close(done())
	})
}

// A receiver that fails for hours gets each message once it is back, in order,
// also where the daemon ended meanwhile, and was killed.
func TestMessagesArriveAfterFailuresAndRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var b inbox
		b.fail(fmt.Errorf("connection refused"))
		log, n := told(dir, &b)
		for i := range 5 {
			log.Error("x", event.PhotoQuarantined.Attr(), "photo", fmt.Sprint(i))
			time.Sleep(20 * time.Minute)
		}
		began := time.Now()
		n.Close(done())
		if time.Since(began) > 0 {
			t.Errorf("the end waits for %s", time.Since(began))
		}
		log, killed := told(dir, &b)
		log.Info("x", event.BatchFinished.Attr(), "photos", 20)
		time.Sleep(2 * time.Second) // which has it written down, and not sent
		for _, o := range killed.outlets {
			o.close()
		}
		killed.mu.Lock()
		killed.closed = true
		killed.mu.Unlock()
		b.fail(nil)
		_, n = told(dir, &b)
		time.Sleep(time.Minute)
		want := strings.Repeat("photo_quarantined 1 ; ", 5) + "batch_finished 1 "
		if got := b.take(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		n.Close(done())
		if left, _ := filepath.Glob(filepath.Join(dir, "notifications/*/*.json")); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// Another configuration neither repeats nor loses what has gathered, also while
// a receiver of the former one takes its time to end.
func TestAReloadTellsEverythingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var b inbox
		log, n := told(dir, &b)
		quarantine := func(photo string) { log.Error("x", event.PhotoQuarantined.Attr(), "photo", photo) }
		use := func(send func(context.Context, Message) error) {
			n.Use(Config{interval: 15 * time.Minute, batch: 10, targets: []target{{id: "inbox", name: "inbox", send: send}}})
		}
		quarantine("1")
		time.Sleep(2 * time.Second) // it is written down, and not sent
		use(b.send)
		time.Sleep(time.Minute)
		if got := b.take(); got != "photo_quarantined 1 " {
			t.Errorf("after a reload came %q", got)
		}
		use(func(ctx context.Context, _ Message) error {
			<-ctx.Done()
			time.Sleep(5 * time.Second)
			return ctx.Err()
		})
		log.Error("x", event.FolderDegraded.Attr(), "folder", "/in")
		time.Sleep(6 * time.Second) // it is being sent
		log.Error("x", event.DiskLow.Attr(), "folder", "/in")
		time.Sleep(2 * time.Second)
		use(b.send) // while the last one's time to gather ends
		time.Sleep(time.Hour)
		if got := b.take(); got != "folder_degraded 1 /in; disk_low 1 /in" {
			t.Errorf("after a slow reload came %q", got)
		}
		n.Close(done())
	})
}

func TestWhatWaitsIsBounded(t *testing.T) {
	s := spool{filepath.Join(t.TempDir(), "a [pattern]*")}
	lost := 0
	for i := range maxWaiting + 50 {
		n, err := s.put(Message{ID: fmt.Sprint(i)})
		if lost += n; err != nil {
			t.Fatal(err)
		}
	}
	m, err := s.read(s.waiting()[0])
	if len(s.waiting()) != maxWaiting || lost != 50 || err != nil || m.ID != "50" {
		t.Errorf("%d wait, %d lost, first %q, %v", len(s.waiting()), lost, m.ID, err)
	}
}

// A receiver that answers with errors, slowly, or hangs up is asked again; one
// that refuses for good is given up, and the next message has its turn.
func TestFailingReceivers(t *testing.T) {
	defer func(before func(int) time.Duration) { backoff = before }(backoff)
	backoff = func(int) time.Duration { return time.Millisecond }
	for name, fails := range map[string]http.HandlerFunc{
		"5xx":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) },
		"reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"429": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
		},
	} {
		tries := 0
		arrived := make(chan Message, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if tries++; tries < 4 {
				fails(w, q)
				return
			}
			var m Message
			_ = json.NewDecoder(q.Body).Decode(&m)
			arrived <- m
		}))
		n := served(t, server.URL)
		slog.New(logging.Tell(slog.DiscardHandler, n.Hear)).Error("x", event.DiskLow.Attr(), "folder", "/in")
		n.send(event.DiskLow)
		select {
		case m := <-arrived:
			if m.Type != event.DiskLow {
				t.Errorf("%s: got %+v", name, m)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: nothing came, after %d tries", name, tries)
		}
		n.Close(done())
		server.Close()
	}
	asked := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if asked <- string(body); strings.Contains(string(body), "disk_low") {
			w.WriteHeader(400)
		}
	}))
	defer server.Close()
	n := served(t, server.URL)
	log := slog.New(logging.Tell(slog.DiscardHandler, n.Hear))
	log.Error("x", event.DiskLow.Attr(), "folder", "/in")
	n.send(event.DiskLow)
	log.Error("x", event.FolderDegraded.Attr(), "folder", "/in")
	n.send(event.FolderDegraded)
	for i := range maxRefusals + 1 {
		select {
		case body := <-asked:
			if strings.Contains(body, "disk_low") != (i < maxRefusals) {
				t.Errorf("try %d was %s", i, body)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%d tries came", i)
		}
	}
	n.Close(done())
}

// served is a notifier of one webhook.
func served(t *testing.T, url string) *Notifier {
	t.Helper()
	c, err := Open(Settings{Interval: time.Minute, Batch: 2, AllowHosts: []string{"127.0.0.1"}, Webhooks: []Webhook{{URL: url + "/x"}}})
	if err != nil {
		t.Fatal(err)
	}
	n := New(Options{StateDir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	n.Use(c)
	return n
}

// A name of a photo can end no header and no line of a mail.
func TestMailForgesNothing(t *testing.T) {
	dir := t.TempDir()
	sendmail := filepath.Join(dir, "sendmail")
	script := "#!/bin/sh\nfor a; do echo \"$a\"; done >" + dir + "/args\ncat >" + dir + "/mail\n"
	if err := os.WriteFile(sendmail, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := Open(Settings{Email: Email{To: []string{"anna@example.org"}, From: "b@example.org", Sendmail: sendmail}})
	if err != nil {
		t.Fatal(err)
	}
	var f fold
	f.add(Item{Folder: "/in\nBcc: evil@example.org\n.\n", Reason: "é\x1b[2J\n.\nx"}, time.Now())
	m := f.message(event.FolderDegraded, Options{Host: "nas\nX-Evil: 1", Version: "1"})
	if err := c.targets[0].send(context.Background(), *m); err != nil {
		t.Fatal(err)
	}
	args, _ := os.ReadFile(filepath.Join(dir, "args"))
	letter, _ := os.ReadFile(filepath.Join(dir, "mail"))
	if string(args) != "-i\n-f\nb@example.org\n--\nanna@example.org\n" {
		t.Errorf("sendmail's arguments: %s", args)
	}
	for _, bad := range []string{"\nBcc:", "\nX-Evil", "\n.\n", "\x1b"} {
		if strings.Contains(string(letter), bad) {
			t.Errorf("%q is in\n%s", bad, letter)
		}
	}
	for _, bad := range []string{"-oQ/tmp@example.org", "a@b\nBcc: x@y", "Anna <a@b.org>", "a b"} {
		if _, err := Open(Settings{Email: Email{To: []string{bad}, Sendmail: sendmail}}); err == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
}

func TestACommandThatHangsIsKilled(t *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	began := time.Now()
	err := run(ctx, []string{"/bin/sh", "-c", "echo why >&2; sleep 100"}, nil)
	if err == nil || !strings.Contains(err.Error(), "why") || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}
