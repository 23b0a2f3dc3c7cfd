package pagetest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
)

// Config is a configuration of cheap steps. The folder in is watched, and the
// outputs are in the folder out. LISTEN stands for the page's address.
const Config = `version: 1
state_dir: ./state
listen: [LISTEN]
watch:
  - {folder: ./in, pipeline: small, output: ./out, settle: 100ms}
pipelines:
  small:
    steps:
      - resize: {width: 400}
    outputs:
      - path: "{stem}.jpg"
`

// patience bounds every wait.
const patience = 2 * time.Minute

// Daemon is a burnish run with a folder of its own, which ends with the test.
type Daemon struct {
	Dir string // holds burnish.yaml, in, out and state
	URL string // of the page, without a slash at its end

	t       *testing.T
	address string
	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	end     error         // how it did
	log     *lockedBuffer
	token   string
}

// Start runs a daemon with a configuration such as [Config], and further folders.
func Start(t *testing.T, config string, folders ...string) *Daemon {
	t.Helper()
	chromium(t) // nothing to do without one
	library, err := onnxtest.Library()
	if err != nil {
		t.Skip(err)
	}
	t.Setenv(onnx.LibraryEnv, library)
	d := &Daemon{Dir: t.TempDir(), t: t, log: &lockedBuffer{}, address: freeAddress(t)}
	d.URL = "http://" + d.address
	for _, folder := range append(folders, "in") {
		d.check(os.Mkdir(filepath.Join(d.Dir, folder), 0o755))
	}
	d.Configure(config)
	d.Begin()
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", d.log)
		}
	})
	return d
}

// freeAddress is one that nobody listens on, and that stays the daemon's where
// it is started again.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Configure writes burnish.yaml. A daemon that runs is not told.
func (d *Daemon) Configure(config string) {
	d.t.Helper()
	d.check(os.WriteFile(filepath.Join(d.Dir, "burnish.yaml"), []byte(strings.ReplaceAll(config, "LISTEN", d.address)), 0o644))
}

// Begin starts the daemon and waits until the page answers.
func (d *Daemon) Begin() {
	d.t.Helper()
	d.process = d.burnish("run", "-c", "burnish.yaml")
	d.process.Stdout, d.process.Stderr = d.log, d.log
	d.check(d.process.Start())
	process, ended := d.process, make(chan struct{})
	d.ended = ended
	go func() {
		defer close(ended)
		d.end = process.Wait()
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(d.URL + "/livez")
		if err == nil {
			response.Body.Close()
			return
		}
		select {
		case <-ended:
			deadline = time.Time{}
		default:
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("the page does not answer: %v\n%s", err, d.log)
		}
	}
}

// Stop ends the daemon as a service manager does. It may have ended.
func (d *Daemon) Stop() {
	if d.process == nil {
		return
	}
	_ = d.process.Process.Signal(syscall.SIGTERM) // it may have ended
	late := time.AfterFunc(patience, func() { _ = d.process.Process.Kill() })
	<-d.ended
	late.Stop()
	if d.end != nil {
		d.t.Errorf("the daemon ended with %v:\n%s", d.end, d.log)
	}
	d.process = nil
}

// Command runs burnish in the daemon's folder and returns what it prints.
func (d *Daemon) Command(args ...string) string {
	d.t.Helper()
	out, err := d.burnish(args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("burnish %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (d *Daemon) burnish(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	d.check(err)
	c := exec.Command(exe)
	c.Args, c.Dir = append([]string{command}, args...), d.Dir
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(d.Dir, "xdg"))
	return c
}

// Drop puts a file into the watched folder.
func (d *Daemon) Drop(name string, data []byte) {
	d.t.Helper()
	path := filepath.Join(d.Dir, "in", name)
	d.check(os.MkdirAll(filepath.Dir(path), 0o755))
	d.check(os.WriteFile(path, data, 0o644))
}

// Photo is a compressed photo of packaging/demo/photos, such as
// "mountain-q20.jpg".
func Photo(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(), "packaging/demo/photos", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Await waits until the daemon's status, as JSON, matches a pattern.
func (d *Daemon) Await(pattern string) {
	d.t.Helper()
	want, got := regexp.MustCompile(pattern), ""
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get(d.URL + "/v1/status")
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			got = string(body)
		}
		if want.MatchString(got) {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("the status does not come to match %s: %s", want, got)
		}
	}
}

// AwaitDone waits until that many photos are done since the daemon's start.
func (d *Daemon) AwaitDone(photos int) {
	d.t.Helper()
	d.Await(fmt.Sprintf(`"done": ?%d,`, photos))
}

// Log is what the daemon has logged.
func (d *Daemon) Log() string { return d.log.String() }

func (d *Daemon) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// lockedBuffer is a buffer that is read while a process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Token is a token that may read and act.
func (d *Daemon) Token() string {
	d.t.Helper()
	if d.token == "" {
		out, err := d.burnish("token", "create", "test", "--scope", "read,act", "-c", "burnish.yaml").Output()
		d.check(err)
		d.token = strings.TrimSpace(string(out))
	}
	return d.token
}
