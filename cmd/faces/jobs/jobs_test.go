package jobs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/faces/jobs"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/cmd/serve/token"
	"github.com/burnish-photo/burnish/cmd/webhook"
	"github.com/burnish-photo/burnish/plugin"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// daemon is a site with jobs whose photos are processed by submit.
type daemon struct {
	*testing.T
	state  string
	config jobs.Config
	submit func(context.Context, plugin.Job) (plugin.Result, error)
	api    *v1.API
	jobs   *jobs.Jobs
	server *httptest.Server
	tokens map[string]string
}

func start(t *testing.T) *daemon {
	t.Helper()
	parsed, err := webhook.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	guard, err := webhook.NewGuard([]string{"receiver.example"})
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{T: t, state: t.TempDir(), submit: copyPhoto, tokens: map[string]string{}}
	d.config = jobs.Config{
		Pipelines: []v1.Pipeline{{Name: "web", Outputs: []v1.Output{{ID: "full", Format: "jpeg"}}}},
		Retain:    time.Hour, Space: 1 << 20, Queue: 10, Parallel: 1, Secret: &parsed, Guard: guard,
	}
	for _, name := range []string{"anna", "bert"} {
		if _, d.tokens[name], err = token.At(d.state).Create(name, []string{"submit"}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	d.open()
	return d
}

// copyPhoto makes the photo its own output.
func copyPhoto(_ context.Context, j plugin.Job) (plugin.Result, error) {
	data, err := os.ReadFile(j.Path)
	out := filepath.Join(j.Output, "out.jpg")
	if err == nil {
		err = os.WriteFile(out, data, 0o600)
	}
	return plugin.Result{State: plugin.Done, Outputs: []plugin.Output{{Path: out, Format: "jpeg", Size: int64(len(data)), Hash: strings.Repeat("ab", 32)}}, Notes: map[string]string{"model": "lite"}}, err
}

func (d *daemon) open() {
	d.Helper()
	in, err := intake.Open(intake.Options{StateDir: d.state, Submit: func(ctx context.Context, j plugin.Job) (plugin.Result, error) { return d.submit(ctx, j) }})
	if err != nil {
		d.Fatal(err)
	}
	in.Configure(intake.Config{Queue: 8, Space: 1 << 24, Bytes: 1 << 20})
	site := serve.New(serve.Options{StateDir: d.state})
	d.api = v1.New(in, "test", site)
	d.jobs, err = jobs.Open(jobs.Options{StateDir: d.state, Intake: in, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.Fatal(err)
	}
	d.jobs.Register(d.api)
	d.jobs.Configure(d.config)
	d.server = httptest.NewServer(site)
	opened, server := d.jobs, d.server
	d.Cleanup(func() { server.CloseClientConnections(); opened.Close(); server.Close() })
}

// ask sends a request as a token's owner. headers are NAME: VALUE.
func (d *daemon) ask(who, method, path, body string, headers ...string) (int, http.Header, string) {
	d.Helper()
	r, err := http.NewRequest(method, d.server.URL+path, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.tokens[who])
	if body != "" {
		r.Header.Set("Content-Type", "image/jpeg")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		d.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		d.Fatal(err)
	}
	return a.StatusCode, a.Header, string(text)
}

// want is ask where the status has to be that one.
func (d *daemon) want(status int, who, method, path, body string, headers ...string) string {
	d.Helper()
	got, _, text := d.ask(who, method, path, body, headers...)
	if got != status {
		d.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, text)
	}
	return text
}

func parse(t *testing.T, text string) (j jobs.Job) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return j
}

// await waits until a job has the state.
func (d *daemon) await(id string, state jobs.State) jobs.Job {
	d.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		j := parse(d.T, d.want(200, "anna", "GET", "/v1/jobs/"+id, ""))
		if j.State == state {
			return j
		}
		if time.Now().After(deadline) {
			d.Fatalf("the job is %+v, want it %s", j, state)
		}
	}
}

func TestAJobFromBeginningToEnd(t *testing.T) {
	d := start(t)
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "pixels"))
	j = d.await(j.ID, jobs.Done)
	if j.Receipt == nil || j.Receipt.Decision != "restored" || j.Progress != 1 || j.Expires == nil {
		t.Errorf("the job is %+v", j)
	}
	if got := d.want(200, "anna", "GET", "/v1/jobs/"+j.ID+"/outputs/full", ""); got != "pixels" {
		t.Errorf("the output is %q", got)
	}
	d.want(404, "anna", "GET", "/v1/jobs/"+j.ID+"/outputs/2", "")
	for _, path := range []string{"", "/outputs/full", "/events"} { // others know nothing of it
		d.want(404, "bert", "GET", "/v1/jobs/"+j.ID+path, "")
	}
	d.want(404, "bert", "DELETE", "/v1/jobs/"+j.ID, "")
	if got := d.want(200, "bert", "GET", "/v1/jobs", ""); !strings.Contains(got, `"jobs":[]`) {
		t.Errorf("another's list is %s", got)
	}
	d.want(204, "anna", "DELETE", "/v1/jobs/"+j.ID, "")
	d.want(404, "anna", "GET", "/v1/jobs/"+j.ID, "")
	if left, _ := os.ReadDir(filepath.Join(d.state, "jobs")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestTheSameRequestMakesOneJob(t *testing.T) {
	d := start(t)
	first := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "pixels", "Idempotency-Key: k"))
	again := parse(t, d.want(200, "anna", "POST", "/v1/jobs", "pixels", "Idempotency-Key: k"))
	if first.ID != again.ID {
		t.Errorf("the same request made the jobs %s and %s", first.ID, again.ID)
	}
	d.want(422, "anna", "POST", "/v1/jobs", "others", "Idempotency-Key: k")
	if other := parse(t, d.want(201, "bert", "POST", "/v1/jobs", "pixels", "Idempotency-Key: k")); other.ID == first.ID {
		t.Error("another's key is the same")
	}
	d.jobs.Close()
	d.open()
	if later := parse(t, d.want(200, "anna", "POST", "/v1/jobs", "pixels", "Idempotency-Key: k")); later.ID != first.ID {
		t.Error("the key was forgotten by a restart")
	}
}

// What the daemon did not finish begins anew, but not for ever.
func TestJobsSurviveTheDaemon(t *testing.T) {
	d := start(t)
	began := make(chan string, 10)
	d.submit = func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		began <- j.Path
		<-ctx.Done()
		return plugin.Result{}, &plugin.Error{Kind: plugin.Stopped, Err: ctx.Err()}
	}
	one := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "one"))
	two := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "two"))
	<-began
	file := filepath.Join(d.state, "jobs", one.ID, "job.json")
	running, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d.jobs.Close()
	now, _ := os.ReadFile(file)
	if !bytes.Equal(now, bytes.Replace(running, []byte(`"starts":1,`), nil, 1)) {
		t.Errorf("a job that runs is another after the daemon has ended: %s", now)
	}
	if err := os.MkdirAll(filepath.Join(d.state, "jobs", strings.Repeat("A", 26)), 0o700); err != nil {
		t.Fatal(err) // as a daemon leaves it that was killed while it took a photo in
	}
	d.submit = copyPhoto
	d.open()
	d.await(one.ID, jobs.Done)
	d.await(two.ID, jobs.Done)
	if got := d.want(200, "anna", "GET", "/v1/jobs/"+two.ID+"/outputs/1", ""); got != "two" {
		t.Errorf("the output is %q", got)
	}
	d.submit = func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		began <- j.Path
		<-ctx.Done()
		return plugin.Result{}, ctx.Err()
	}
	bomb := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "bomb"))
	restart := func(killed bool) {
		t.Helper()
		<-began
		file := filepath.Join(d.state, "jobs", bomb.ID, "job.json")
		running, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d.jobs.Close()
		if killed {
			if err := os.WriteFile(file, running, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		d.open()
	}
	for range 4 { // a daemon that is stopped in good order counts for nothing
		restart(false)
	}
	for range 3 {
		restart(true)
	}
	if j := d.await(bomb.ID, jobs.Failed); !strings.Contains(j.Problem.Detail, "ended 3 times") {
		t.Errorf("the problem is %+v", j.Problem)
	}
}

func TestDeletingAJobEndsItsWork(t *testing.T) {
	d := start(t)
	began, ended := make(chan bool), make(chan bool)
	d.submit = func(ctx context.Context, _ plugin.Job) (plugin.Result, error) {
		began <- true
		<-ctx.Done()
		ended <- true
		return plugin.Result{}, ctx.Err()
	}
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "pixels"))
	<-began
	d.want(409, "anna", "GET", "/v1/jobs/"+j.ID+"/outputs/1", "")
	d.want(204, "anna", "DELETE", "/v1/jobs/"+j.ID, "")
	<-ended
}

func TestBounds(t *testing.T) {
	d := start(t)
	hold := make(chan bool)
	d.submit = func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		select {
		case <-hold:
		case <-ctx.Done():
		}
		return copyPhoto(ctx, j)
	}
	d.config.Queue, d.config.Space = 2, 10
	d.jobs.Configure(d.config)
	first := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "1"))
	d.await(first.ID, jobs.Running)
	d.want(201, "anna", "POST", "/v1/jobs", "2")
	d.want(201, "anna", "POST", "/v1/jobs", "3")
	status, header, text := d.ask("anna", "POST", "/v1/jobs", "4")
	if status != 429 || header.Get("Retry-After") == "" || !strings.Contains(text, "faces.jobs.queue") {
		t.Errorf("a full queue: %d, %s", status, text)
	}
	close(hold)
	d.await(first.ID, jobs.Done)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if status, _, text = d.ask("anna", "POST", "/v1/jobs", "55555"); status == 507 && strings.Contains(text, "faces.jobs.space") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a full disk: %d, %s", status, text)
		}
	}
	d.config.Retain = time.Millisecond
	d.jobs.Configure(d.config)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if got := d.want(200, "anna", "GET", "/v1/jobs", ""); strings.Contains(got, `"jobs":[]`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("finished jobs are not removed")
		}
	}
}

func TestPathsOfNamedPhotos(t *testing.T) {
	d := start(t)
	named := func(status int, body string) string {
		t.Helper()
		return d.want(status, "anna", "POST", "/v1/jobs", body, "Content-Type: application/json")
	}
	named(403, `{"path": "/in/a.jpg"}`)
	in := t.TempDir()
	if err := os.WriteFile(filepath.Join(in, "a.jpg"), []byte("there"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.config.Folder = func(path string) (plugin.Job, bool) {
		return plugin.Job{Root: in, Links: plugin.SkipLinks}, strings.HasPrefix(path, in+"/")
	}
	d.jobs.Configure(d.config)
	for _, path := range []string{"a.jpg", "/etc/passwd", in + "/../x", in + "//a.jpg", in, in + "/./a.jpg", "file://" + in + "/a.jpg", "", in + "/a\x00.jpg"} {
		body, _ := json.Marshal(map[string]string{"path": path})
		named(422, string(body))
	}
	named(400, `{"path": "/in/a.jpg", "output": "/etc"}`)
	named(400, `[]`)
	j := parse(t, named(201, fmt.Sprintf(`{"path": %q}`, in+"/a.jpg")))
	d.await(j.ID, jobs.Done)
	if data, _ := os.ReadFile(filepath.Join(in, "a.jpg")); string(data) != "there" {
		t.Error("the photo was touched")
	}
}

func TestEvents(t *testing.T) {
	d := start(t)
	hold := make(chan bool)
	d.submit = func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		<-hold
		return copyPhoto(ctx, j)
	}
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "pixels"))
	d.await(j.ID, jobs.Running)
	time.AfterFunc(50*time.Millisecond, func() { close(hold) })
	got := d.want(200, "anna", "GET", "/v1/jobs/"+j.ID+"/events", "", "Last-Event-ID: 1")
	if strings.Contains(got, "id: 1\n") || !strings.Contains(got, "id: 2\nevent: state\ndata: {") || !strings.Contains(got, "id: 3\nevent: state\n") {
		t.Errorf("the events are %s", got)
	}
	if early, _, _ := strings.Cut(got, "id: 3"); strings.Contains(early, "receipt") {
		t.Errorf("an event tells of what came later: %s", early)
	}
	d.want(204, "anna", "GET", "/v1/jobs/"+j.ID+"/events", "", "Last-Event-ID: 3")
	d.want(422, "anna", "GET", "/v1/jobs/"+j.ID+"/events", "", "Last-Event-ID: x")
}

// What cannot be read may be read later: nobody has asked to remove it.
func TestAJobThatCannotBeReadStays(t *testing.T) {
	d := start(t)
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "one"))
	d.await(j.ID, jobs.Done)
	d.jobs.Close()
	dir := filepath.Join(d.state, "jobs", j.ID)
	if err := os.Rename(filepath.Join(dir, "job.json"), filepath.Join(dir, "kept")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "job.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	d.open()
	if _, err := os.Stat(filepath.Join(dir, "kept")); err != nil {
		t.Errorf("a job that cannot be read was removed: %v", err)
	}
}

// A job that ran when the disk got full goes on after a restart.
func TestAJobThatCannotBeWrittenGoesOn(t *testing.T) {
	d := start(t)
	began := make(chan bool)
	d.submit = func(ctx context.Context, _ plugin.Job) (plugin.Result, error) {
		began <- true
		<-ctx.Done()
		return plugin.Result{}, ctx.Err()
	}
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "one"))
	<-began
	if err := os.Mkdir(filepath.Join(d.state, "jobs", j.ID, "job.json.tmp"), 0o700); err != nil { // in place of a full disk
		t.Fatal(err)
	}
	d.jobs.Close()
	d.submit = copyPhoto
	d.open()
	d.await(j.ID, jobs.Done)
}

// Outputs that do not fit into the scratch space are not made for ever.
func TestOutputsWithoutSpaceAreTriedSomeTimes(t *testing.T) {
	defer jobs.Hurry()()
	d := start(t)
	runs := 0
	d.submit = func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		runs++
		r, err := copyPhoto(ctx, j)
		r.Outputs[0].Size = 1 << 40
		return r, err
	}
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "one"))
	if j = d.await(j.ID, jobs.Failed); j.Problem.Status != 507 || runs > 6 {
		t.Errorf("after %d runs the problem is %+v", runs, j.Problem)
	}
}

// The number of an output is that of the pipeline, whatever was made beside it.
func TestNumbersOfOutputs(t *testing.T) {
	d := start(t)
	d.config.Pipelines[0].Outputs = []v1.Output{{ID: "full", Format: "jpeg"}, {ID: "small", Format: "jpeg"}}
	d.jobs.Configure(d.config)
	d.submit = func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		r, err := copyPhoto(ctx, j)
		r.Outputs[0].Index = 1
		return r, err
	}
	j := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "one"))
	d.await(j.ID, jobs.Done)
	for output, status := range map[string]int{"1": 404, "full": 404, "2": 200, "small": 200, "3": 404} {
		d.want(status, "anna", "GET", "/v1/jobs/"+j.ID+"/outputs/"+output, "")
	}
}

// Jobs that hold next to nothing are bounded by their number, and shared alike.
func TestTheNumberOfJobsIsBounded(t *testing.T) {
	defer jobs.Keep(3)()
	d := start(t)
	one := parse(t, d.want(201, "anna", "POST", "/v1/jobs", "1"))
	d.want(201, "anna", "POST", "/v1/jobs", "2")
	if got := d.want(507, "anna", "POST", "/v1/jobs", "3"); !strings.Contains(got, "faces.jobs.retain") {
		t.Errorf("got %s", got)
	}
	d.want(201, "bert", "POST", "/v1/jobs", "4")
	d.await(one.ID, jobs.Done)
	d.want(204, "anna", "DELETE", "/v1/jobs/"+one.ID, "")
	d.want(201, "anna", "POST", "/v1/jobs", "5")
	d.want(507, "bert", "POST", "/v1/jobs", "6")
}
