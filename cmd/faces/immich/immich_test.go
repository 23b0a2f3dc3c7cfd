package immich

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/packaging/trials/faces/standin"
	"github.com/burnish-photo/burnish/plugin"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	firstWait = 10 * time.Millisecond
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// mux is a site that lets everybody in.
type mux struct{ http.ServeMux }

func (m *mux) Handle(pattern string, _ serve.Scope, h http.Handler) { m.ServeMux.Handle(pattern, h) }

// daemon is a face with an intake whose photos are "restored" by a prefix.
type daemon struct {
	*testing.T
	state  string
	immich *standin.Server
	site   *mux
	face   *Face
	log    *logged

	mu   sync.Mutex
	runs int
	hold chan struct{} // nil: photos are processed at once
}

type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func startImmich(t *testing.T) *standin.Server {
	t.Helper()
	s, err := standin.New(t.Errorf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func newDaemon(t *testing.T) *daemon {
	d := &daemon{T: t, state: t.TempDir(), immich: startImmich(t), log: &logged{}}
	d.start()
	t.Cleanup(func() {
		d.face.Close()
		if text := d.log.String(); strings.Contains(text, standin.Key) {
			t.Errorf("the log shows the key:\n%s", text)
		}
	})
	return d
}

func (d *daemon) start() {
	d.Helper()
	in, err := intake.Open(intake.Options{StateDir: d.state, Submit: d.process})
	if err != nil {
		d.Fatal(err)
	}
	in.Configure(intake.Config{Queue: 8, Bytes: 1000})
	if d.face, err = Open(Options{StateDir: d.state, Intake: in, Log: slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}); err != nil {
		d.Fatal(err)
	}
	d.site = &mux{}
	d.face.Mount(d.site)
	d.configure(d.immich.URL+"/api", standin.Key)
}

func (d *daemon) configure(url, key string) {
	d.Helper()
	s, err := Prepare(Config{URL: url, Key: key, Pipeline: "immich", Tag: "Burnish/restored", Queue: 4})
	if err != nil {
		d.Fatal(err)
	}
	d.face.Configure(s)
}

// process stands in for the worker.
func (d *daemon) process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	d.mu.Lock()
	d.runs++
	hold, run := d.hold, d.runs
	d.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return plugin.Result{}, ctx.Err()
		}
	}
	photo, err := os.ReadFile(j.Path)
	if err != nil {
		return plugin.Result{}, err
	}
	r := plugin.Result{State: plugin.Done, Notes: map[string]string{"model": "lite"}}
	switch {
	case bytes.HasPrefix(photo, []byte("clean")):
		r.Notes["left_alone"] = "no damage"
	case bytes.HasPrefix(photo, []byte("raw")):
		return plugin.Result{State: plugin.Skipped, Reason: plugin.NotAPhoto}, nil
	case bytes.HasPrefix(photo, []byte("broken")):
		return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Unwritable, Err: fmt.Errorf("no output can be written")}
	case bytes.HasPrefix(photo, []byte("crash")):
		return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Damaged, Err: fmt.Errorf("cannot be decoded")}
	}
	out := filepath.Join(j.Output, "out.jpg")
	data := fmt.Appendf(nil, "restored %d of %s", run, photo) // every run gives other bytes
	r.Outputs = []plugin.Output{{Path: out, Size: int64(len(data))}}
	return r, os.WriteFile(out, data, 0o600)
}

// hook sends Immich's webhook.
func (d *daemon) hook(id string) *httptest.ResponseRecorder {
	d.Helper()
	body := fmt.Sprintf(`{"type":"AssetV1","trigger":"AssetCreate","data":{"asset":{"id":%q,"ownerId":"x","type":"IMAGE","originalPath":"http://169.254.169.254/","checksum":{"type":"Buffer"}}}}`, id)
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, httptest.NewRequest("POST", Path, strings.NewReader(body)))
	return w
}

// idle waits until nothing is left to do.
func (d *daemon) idle() {
	d.Helper()
	eventually(d.T, "nothing waits", func() bool { return d.face.State().Waiting == 0 })
}

func TestADamagedPhotoIsStackedUponItsOriginal(t *testing.T) {
	d := newDaemon(t)
	id := d.immich.Add("Holiday 1.JPG", []byte("damaged pixels"))
	if w := d.hook(id); w.Code != http.StatusAccepted {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	d.idle()
	if len(d.immich.Stacks) != 1 || len(d.immich.Stacks[0]) != 2 || d.immich.Stacks[0][1] != id {
		t.Fatalf("the stacks are %v, want one of an upload upon %s", d.immich.Stacks, id)
	}
	made := d.immich.Assets[d.immich.Stacks[0][0]]
	if made["originalFileName"] != "Holiday 1.restored.jpg" || fmt.Sprint(made["tags"]) == "[]" {
		t.Errorf("the upload is %v", made)
	}
	if s := d.face.State(); s.Uploaded != 1 || s.Problem != "" {
		t.Errorf("the state is %+v", s)
	}
}

func TestUndamagedAndForeignFilesStayAsTheyAre(t *testing.T) {
	d := newDaemon(t)
	locked := d.immich.Add("locked.jpg", []byte("damaged, secret"))
	d.immich.Assets[locked]["visibility"] = "locked"
	film := d.immich.Add("film.mov", []byte("film"))
	d.immich.Assets[film]["type"] = "VIDEO"
	trashed := d.immich.Add("trashed.jpg", []byte("damaged, trashed"))
	d.immich.Assets[trashed]["isTrashed"] = true
	for _, id := range []string{d.immich.Add("a.jpg", []byte("clean pixels")), d.immich.Add("b.dng", []byte("raw")), locked, film, trashed} {
		d.hook(id)
		d.idle()
	}
	if n := d.immich.Calls["POST /assets"]; n != 0 {
		t.Errorf("%d uploads", n)
	}
	if s := d.face.State(); s.LeftOut != 5 || s.Failed != 0 {
		t.Errorf("the state is %+v", s)
	}
	d.hook(d.immich.Add("c.jpg", []byte("crash")))
	d.hook(d.immich.Add("d.jpg", bytes.Repeat([]byte("large"), 1000)))
	d.hook(standin.ID()) // which Immich does not have
	d.idle()
	if s := d.face.State(); s.Failed != 3 {
		t.Errorf("the state is %+v, want three photos given up", s)
	}
}

// Immich tells of an upload as of any new photo.
func TestUploadsAreNotRestoredOnceMore(t *testing.T) {
	d := newDaemon(t)
	id := d.immich.Add("a.jpg", []byte("damaged pixels"))
	d.hook(id)
	d.idle()
	upload := d.immich.Stacks[0][0]
	for round := range 3 {
		if w := d.hook(upload); w.Code != http.StatusOK {
			t.Errorf("its upload: %d %s", w.Code, w.Body)
		}
		if w := d.hook(id); w.Code != http.StatusOK {
			t.Errorf("the same webhook once more: %d %s", w.Code, w.Body)
		}
		copied := d.immich.Add("copy.jpg", d.immich.Files[upload]) // in another account's library, say
		d.hook(copied)
		d.idle()
		if round == 1 { // of what is known only on the disk
			if err := d.face.Close(); err != nil {
				t.Fatal(err)
			}
			d.start()
		}
	}
	tagged := d.immich.Add("b.jpg", []byte("damaged, tagged"))
	d.immich.Assets[tagged]["tags"] = []any{map[string]any{"value": "Burnish/restored"}}
	d.hook(tagged)
	d.idle()
	if n := d.immich.Calls["POST /assets"]; n != 1 || d.runs != 1 {
		t.Errorf("%d uploads of %d runs, want one", n, d.runs)
	}
}

// A crash may come between any two requests: nothing is uploaded twice.
func TestWorkGoesOnAfterAnyFailure(t *testing.T) {
	for _, call := range []string{"GET /assets/{id}", "GET /assets/{id}/original", "POST /assets", "PUT /tags", "PUT /tags/{id}/assets", "POST /stacks"} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusBadGateway} {
			d := newDaemon(t)
			d.immich.Fail = func(c string, n int) (int, http.Header) {
				if c == call && n <= 2 {
					return status, nil
				}
				return 0, nil
			}
			id := d.immich.Add("a.jpg", []byte("damaged pixels"))
			d.hook(id)
			eventually(t, call+" fails", func() bool { return d.face.State().Problem != "" })
			if p := d.face.State().Problem; !strings.Contains(p, fmt.Sprint(status)) || strings.Contains(p, standin.Key) {
				t.Errorf("%s: the state tells %q", call, p)
			}
			if err := d.face.Close(); err != nil {
				t.Fatal(err)
			}
			d.start()
			d.idle()
			if len(d.immich.Stacks) != 1 || len(d.immich.Files) != 2 {
				t.Errorf("%s, %d: the stacks are %v, of %d assets; want one stack of two", call, status, d.immich.Stacks, len(d.immich.Files))
			}
		}
	}
}

// What Immich has taken before its answer was lost is found again by its checksum.
func TestALostAnswerUploadsNothingTwice(t *testing.T) {
	d := newDaemon(t)
	id := d.immich.Add("a.jpg", []byte("damaged pixels"))
	d.immich.Fail = func(c string, n int) (int, http.Header) {
		if c == "POST /assets" && n == 1 {
			sent := fmt.Appendf(nil, "restored 1 of damaged pixels")
			d.immich.Store("a.restored.jpg", sent)
			return http.StatusGatewayTimeout, nil
		}
		return 0, nil
	}
	d.hook(id)
	d.idle()
	if len(d.immich.Files) != 2 || len(d.immich.Stacks) != 1 || d.immich.Calls["POST /assets"] != 1 {
		t.Errorf("%d assets, %v, %v", len(d.immich.Files), d.immich.Stacks, d.immich.Calls)
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	d := newDaemon(t)
	d.immich.Fail = func(string, int) (int, http.Header) {
		return http.StatusTooManyRequests, http.Header{"Retry-After": {"3600"}}
	}
	d.hook(d.immich.Add("a.jpg", []byte("damaged")))
	d.hook(d.immich.Add("b.jpg", []byte("damaged too")))
	eventually(t, "it is paused", func() bool { return time.Until(d.face.State().Paused) > 50*time.Minute })
	time.Sleep(50 * time.Millisecond)
	d.immich.Mu.Lock()
	defer d.immich.Mu.Unlock()
	if n := d.immich.Calls["GET /assets/{id}"]; n != 1 {
		t.Errorf("Immich was asked %d times although it said to wait", n)
	}
}

func TestADeniedKeyPauses(t *testing.T) {
	d := newDaemon(t)
	d.configure(d.immich.URL, "wrong-"+standin.Key)
	d.hook(d.immich.Add("a.jpg", []byte("damaged")))
	eventually(t, "it is paused", func() bool { return !d.face.State().Paused.IsZero() })
	if s := d.face.State(); s.Waiting != 1 || !strings.Contains(s.Problem, "401") || strings.Contains(s.Problem, standin.Key) {
		t.Errorf("the state is %+v", s)
	}
	d.configure(d.immich.URL, standin.Key)
	eventually(t, "it goes on with the right key", func() bool {
		d.immich.Mu.Lock()
		defer d.immich.Mu.Unlock()
		return len(d.immich.Stacks) == 1
	})
}

func TestAnOriginalThatIsCutOffIsFetchedAgain(t *testing.T) {
	d := newDaemon(t)
	id := d.immich.Add("a.jpg", []byte("damaged pixels"))
	whole := d.immich.Files[id]
	d.immich.Files[id] = whole[:5]
	d.hook(id)
	eventually(t, "it is found out", func() bool { return strings.Contains(d.face.State().Problem, "did not arrive whole") })
	d.immich.Mu.Lock()
	d.immich.Files[id] = whole
	d.immich.Mu.Unlock()
	d.idle()
	if len(d.immich.Stacks) != 1 {
		t.Errorf("the stacks are %v", d.immich.Stacks)
	}
}

func TestTheQueueIsBoundedAndSurvives(t *testing.T) {
	d := newDaemon(t)
	d.hold = make(chan struct{})
	var ids []string
	for i := range 4 {
		ids = append(ids, d.immich.Add("a.jpg", fmt.Appendf(nil, "damaged %d", i)))
		if w := d.hook(ids[i]); w.Code != http.StatusAccepted {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	if w := d.hook(ids[0]); w.Code != http.StatusAccepted {
		t.Errorf("one that waits: %d %s", w.Code, w.Body)
	}
	w := d.hook(d.immich.Add("b.jpg", []byte("damaged")))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "faces.immich.queue") {
		t.Errorf("one too many: %d %s", w.Code, w.Body)
	}
	if err := d.face.Close(); err != nil { // while one is processed
		t.Fatal(err)
	}
	close(d.hold)
	d.start()
	d.idle()
	if len(d.immich.Stacks) != 4 {
		t.Errorf("%d of 4 photos were restored after a restart", len(d.immich.Stacks))
	}
}

func TestWebhooksThatAreNone(t *testing.T) {
	d := newDaemon(t)
	for _, body := range []string{
		"", "null", "[]", "{", `{"data":null}`, `{"data":{"asset":{"id":"../../etc/passwd"}}}`, `{"data":{"asset":{"id":7}}}`,
		`{"data":{"asset":{"id":"01234567-0123-0123-0123-0123456789ab/../x"}}}`,
	} {
		w := httptest.NewRecorder()
		d.site.ServeHTTP(w, httptest.NewRequest("PUT", Path, strings.NewReader(body)))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, httptest.NewRequest("POST", Path, strings.NewReader(`{"x":"`+strings.Repeat("x", maxHook)+`"}`)))
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large one: %d", w.Code)
	}
	if len(d.immich.Calls) != 0 {
		t.Errorf("Immich was asked: %v", d.immich.Calls)
	}
}

func FuzzHook(f *testing.F) {
	f.Add([]byte(`{"data":{"asset":{"id":"01234567-0123-0123-0123-0123456789ab","type":"IMAGE"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		face := &Face{wake: make(chan struct{}, 1), setup: Setup{client: &client{}, queue: 1}, queue: &queue{folder: t.TempDir(), items: map[string]item{}}, uploads: &uploads{}}
		w := httptest.NewRecorder()
		_ = face.hook(w, httptest.NewRequest("POST", Path, bytes.NewReader(body)))
		for id := range face.queue.items {
			if !isID(id) {
				t.Errorf("%q waits", id)
			}
		}
	})
}

func TestAddresses(t *testing.T) {
	for _, text := range []string{"", "immich:2283", "ftp://immich", "http://", "http://a:b@immich", "http://immich?x=y", "http://immich/#x", "file:///etc/passwd"} {
		if _, err := ParseURL(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	for _, text := range []string{"http://immich:2283", "https://photos.example.org/immich/api/"} {
		if u, err := ParseURL(text); err != nil || strings.HasSuffix(u.String(), "/api") {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
}

func TestTheKeyShowsItselfNowhere(t *testing.T) {
	k := apiKey{standin.Key}
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s %q", k, k, k, k, k), fmt.Sprintf("%+v", struct{ K apiKey }{k})} {
		if strings.Contains(text, standin.Key) {
			t.Errorf("it shows in %q", text)
		}
	}
	file := filepath.Join(t.TempDir(), "key")
	for _, text := range []string{"", " \n", "two keys", "k\x00y"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readKey(file); err == nil || strings.Contains(err.Error(), "two keys") {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := Prepare(Config{URL: "http://immich", Key: text}); err == nil || strings.Contains(err.Error(), "two keys") {
			t.Errorf("%q in the environment: %v", text, err)
		}
	}
}

// A photo whose processing fails is not processed for days.
func TestProcessingThatFailsEnds(t *testing.T) {
	defer func(before time.Duration) { firstWait = before }(firstWait)
	firstWait = 10 * time.Microsecond
	d := newDaemon(t)
	d.hook(d.immich.Add("a.jpg", []byte("broken pixels")))
	eventually(t, "it is given up", func() bool { return d.face.State().Failed == 1 })
	if d.runs != maxFailed {
		t.Errorf("it was processed %d times, want %d", d.runs, maxFailed)
	}
	if !lasting(&intake.Problem{Status: http.StatusGatewayTimeout}) {
		t.Error("a photo that takes too long is processed again")
	}
}

// A line that could not be written whole does not take the next one along.
func TestUploadsAfterAFullDisk(t *testing.T) {
	folder, sum := t.TempDir(), strings.Repeat("a", 40)
	u, err := openUploads(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.file.WriteString("sum abc"); err != nil {
		t.Fatal(err)
	}
	if err := u.expect(sum); err != nil {
		t.Fatal(err)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	if u, err = openUploads(folder); err != nil || !u.checksums[sum] {
		t.Errorf("the checksum is forgotten: %v", err)
	}
	u.Close()
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("it did not come to this: %s", what)
}
