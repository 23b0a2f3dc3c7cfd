package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// workerProcess is one worker process. It dies with this one.
type workerProcess struct {
	client *rpc.Client
	opened Opened
	pid    int
	since  time.Time
	dead   chan struct{} // closed when it has ended
	cause  string        // why, once dead

	mu     sync.Mutex
	killed string // why this process killed it
	hungry bool   // it died for want of memory that nobody has forbidden it
	ooms   int64  // such deaths on the machine when it began
	last   bool   // no further photo begins in it
	under  int    // photos under way
	most   int    // of them when it died
}

// startWorker starts a process in its confinement and opens its engine.
func startWorker(s Setup, c *confinement, log *slog.Logger) (*workerProcess, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	p := &workerProcess{since: time.Now(), dead: make(chan struct{}), ooms: admission.ThisHost.OutOfMemoryKills()}
	command := exec.Command("/proc/self/exe")
	command.Args = append([]string{os.Args[0], "work"}, c.arguments()...)
	command.Stdout, command.Stderr, command.ExtraFiles = os.Stderr, os.Stderr, []*os.File{theirs}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go onOwnThread(func() {
		// The kernel sends Pdeathsig when the thread that started it ends. That
		// thread is confined as well, so it is never given back.
		err := c.enter()
		if err == nil {
			err = command.Start()
		}
		started <- err
		if err == nil {
			p.ended(command.Wait())
		}
	})
	err = <-started
	theirs.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the worker process: %w", err), ours.Close())
	}
	p.pid = command.Process.Pid
	// It is the first to go when the machine's memory runs out.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.pid), []byte("500"), 0o644)
	denied := &denials{}
	if c.filtered() {
		denied, err = answerCalls(ours.(*net.UnixConn), p.pid, log)
	}
	p.client = rpc.NewClient(ours)
	s.Confined = !c.off()
	if err == nil {
		err = p.call("Open", s, &p.opened)
	}
	if err != nil {
		p.client.Close()
		<-p.dead
		if calls := denied.String(); calls != "" {
			err = fmt.Errorf("%w; the sandbox denied it system calls (%s), which a custom step may need: see worker.sandbox in config/docs/sandbox.md", err, calls)
		}
		return nil, err
	}
	return p, nil
}

// onOwnThread runs f on a thread that ends with it, and never on the process's
// first: that one stands for the whole process where the kernel compares
// confinements, and it would outlive f.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	if syscall.Gettid() != syscall.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onOwnThread(f)
	}()
	<-done
	runtime.UnlockOSThread()
}

// socketPair is a connection to oneself; the second end is for a child.
func socketPair() (net.Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "worker"), os.NewFile(uintptr(fds[1]), "daemon")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return conn, theirs, nil
}

func (p *workerProcess) ended(err error) {
	p.mu.Lock()
	p.most, p.cause = p.under, "it ended"
	switch {
	case p.killed != "":
		p.cause = p.killed
	case killedBySystem(err) && admission.ThisHost.OutOfMemoryKills() > p.ooms:
		p.cause, p.hungry = "the kernel ended it, since memory ran out", true
	case err != nil:
		p.cause = err.Error()
	}
	p.mu.Unlock()
	close(p.dead)
}

// killedBySystem reports whether a process was ended by SIGKILL.
func killedBySystem(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// starved reports whether a dead process died for want of memory that nobody
// has forbidden it.
func (p *workerProcess) starved() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hungry
}

// errDead is a call that the process did not live to answer.
var errDead = errors.New("the worker process died")

// call asks the process and waits.
func (p *workerProcess) call(method string, args, reply any) error {
	err := p.client.Call("Worker."+method, args, reply)
	var answered rpc.ServerError
	if err == nil || errors.As(err, &answered) {
		return err
	}
	<-p.dead
	return fmt.Errorf("%w: %s", errDead, p.cause)
}

// begin and end count the photos under way. It reports false where the process
// takes no more, because it is dead or for being retired.
func (p *workerProcess) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cause != "" || p.last {
		return false
	}
	p.under++
	return true
}

func (p *workerProcess) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under--
}

// closing is how long a process may take to close its engine.
const closing = 30 * time.Second

// retire ends the process once the photos under way are done.
func (p *workerProcess) retire(why string) {
	p.mu.Lock()
	before := p.last
	p.last = true
	p.mu.Unlock()
	for !before && !p.idle() {
		select {
		case <-p.dead:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	if !before {
		late := time.AfterFunc(closing, func() { p.kill(why) })
		_ = p.call("Close", None{}, &None{})
		late.Stop()
		p.kill(why)
	}
}

func (p *workerProcess) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.under == 0
}

// retired reports whether the process ended, or is to end, by being retired.
func (p *workerProcess) retired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// ending reports whether the process is dead or is to end.
func (p *workerProcess) ending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause != "" || p.last
}

// starve is kill before the kernel does it.
func (p *workerProcess) starve(why string) {
	p.mu.Lock()
	p.hungry = p.killed == ""
	p.mu.Unlock()
	p.kill(why)
}

func (p *workerProcess) kill(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed == "" {
		p.killed = why
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// guard ends the process when it takes too much memory or gets nowhere.
func (p *workerProcess) guard(c config.Worker) {
	most := allowance(c)
	asked := make(chan string, 1)
	var asking bool
	patience := time.Now()
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-p.dead:
			tick.Stop()
			return
		case photo := <-asked:
			asking, patience = false, time.Now()
			if photo != "" {
				p.kill(fmt.Sprintf("%s made no progress for %s (worker.stall_timeout)", photo, c.StallTimeout))
			}
		case <-tick.C:
		}
		if own := ownMemory(p.pid); own > most {
			if c.Memory == 0 { // then it is what is there
				p.starve(fmt.Sprintf("it held %s of memory, of the %s that are there for it", own, most))
			}
			p.kill(fmt.Sprintf("it held %s of memory and may hold %s (worker.memory)", own, most))
		}
		switch {
		case !asking && time.Since(patience) > min(c.StallTimeout/4, 10*time.Second):
			asking, patience = true, time.Now()
			go func() {
				var photo string
				_ = p.call("Stalled", c.StallTimeout, &photo)
				asked <- photo
			}()
		case asking && time.Since(patience) > c.StallTimeout:
			p.kill(fmt.Sprintf("it did not answer for %s (worker.stall_timeout)", c.StallTimeout))
		}
	}
}

// ownMemory is the memory that a process has for itself.
func ownMemory(pid int) diag.Size {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	var kib int64
	_, _ = fmt.Sscan(rest, &kib)
	return diag.Size(kib << 10)
}
