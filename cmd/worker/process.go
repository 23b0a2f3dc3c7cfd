package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// process is one worker process. It dies with this one.
type process struct {
	client *api.Client
	opened opened
	pid    int
	since  time.Time
	dead   chan struct{} // closed when it has ended
	cause  string        // why, once dead
	output *output
	dump   string // file of what it wrote before it crashed, once dead; "" for none

	mu     sync.Mutex
	killed string    // why this process killed it
	hungry bool      // it died for want of memory that nobody has forbidden it
	ooms   int64     // such deaths on the machine when it began
	last   bool      // no further photo is started in it
	under  int       // photos under way
	verbs  int       // calls under way of the records' verbs
	served bool      // photos have begun in it
	used   time.Time // when the last of either ended
	most   int       // of them when it died

	tenure int // as of [Supervised]: that it was opened with

	admitted, limit atomic.Int64 // as of [Memory], of a few seconds ago
}

// startProcess starts a process in its confinement and opens its engine.
func startProcess(s setup, cores int, c *confinement, stateDir string, log *slog.Logger) (*process, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	calls, theirCalls, err := socketPair()
	if err != nil {
		return nil, errors.Join(err, ours.Close(), theirs.Close())
	}
	defer calls.Close()
	asks, theirAsks, err := programs.Pair()
	if err != nil {
		return nil, errors.Join(err, ours.Close(), theirs.Close(), theirCalls.Close())
	}
	output, err := newOutput(log, stateDir)
	if err != nil {
		return nil, errors.Join(err, ours.Close(), theirs.Close(), theirCalls.Close(), asks.Close(), theirAsks.Close())
	}
	go programs.Serve(asks, programs.New(c.config.Operators, c.filtered(), log)) // until the process has ended
	p := &process{tenure: s.tenure, since: time.Now(), dead: make(chan struct{}), ooms: admission.ThisHost.OutOfMemoryKills(), output: output}
	command := exec.Command("/proc/self/exe")
	command.Args = append([]string{os.Args[0], "work"}, c.arguments()...)
	command.Stdout, command.Stderr = output.stderr, output.stderr
	command.ExtraFiles = []*os.File{theirs, theirCalls, output.lines, theirAsks} // see apiDescriptor
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go onOwnThread(func() {
		// The kernel sends Pdeathsig when the thread that started it ends. That
		// thread is confined as well, so it is never given back.
		err := c.enter()
		if err == nil && cores > 0 && cores < admission.Cores() {
			err = admission.ConfineThread(cores)
		}
		if err == nil {
			err = command.Start()
		}
		started <- err
		if err == nil {
			p.ended(command.Wait())
		}
	})
	err = <-started
	output.handedOver()
	theirs.Close()
	theirCalls.Close()
	theirAsks.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the worker process: %w", err), ours.Close())
	}
	p.pid = command.Process.Pid
	// It is the first to go when the machine's memory runs out.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.pid), []byte("500"), 0o644)
	denied := &denials{}
	if c.filtered() {
		denied, err = answerCalls(calls.(*net.UnixConn), p.pid, log)
	}
	p.client = api.OverConn(ours)
	s.Confined = !c.off()
	if err == nil {
		p.opened, err = call(p, openVerb, s)
	}
	if err != nil {
		p.client.Close()
		<-p.dead
		if p.dump != "" {
			err = fmt.Errorf("%w; its output is in %s", err, p.dump)
		}
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

func (p *process) ended(err error) {
	text := p.output.end()
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
	if err != nil && p.killed == "" {
		file, line := p.output.dump(text, p.cause, p.pid)
		if p.dump = file; line != "" {
			p.cause += ": " + line
		}
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
func (p *process) starved() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hungry
}

// errDead is a call that the process did not live to answer.
var errDead = errors.New("worker crashed")

// mostOfAnswer bounds what the process says of a photo or of itself, in bytes.
const mostOfAnswer = 16 << 20

// call is a verb's answer by the process.
func call[Q, A any](p *process, v api.Verb[Q, A], q Q) (A, error) {
	a, err := v.Call(context.Background(), p.client.Within(mostOfAnswer), q)
	return a, p.lived(err)
}

// lived is the error of a call where the process answered it, else errDead once
// the process has ended. One that ends its connection alone is killed.
func (p *process) lived(err error) error {
	if err == nil || errors.As(err, new(*api.Problem)) || errors.As(err, new(*plugin.Error)) {
		return err
	}
	select {
	case <-p.dead:
	case <-time.After(hangUp):
		p.kill(fmt.Sprintf("it does not answer: %v", err))
		<-p.dead
	}
	return fmt.Errorf("%w: %s", errDead, p.cause)
}

// hangUp is how long a process may live without its connection.
const hangUp = 5 * time.Second

// begin and end count the photos under way. It reports false where the process
// takes no more, because it is dead or for being retired.
func (p *process) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cause != "" || p.last {
		return false
	}
	p.under++
	p.served = true
	return true
}

func (p *process) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under--
	p.used = time.Now()
}

// ask calls f, a verb of the records, as something under way.
func (p *process) ask(f func(*process) error) error {
	p.mu.Lock()
	p.verbs++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.verbs--
		p.used = time.Now()
	}()
	return f(p)
}

// unused is how long nothing was under way in a process that has processed
// photos; 0 in any other.
func (p *process) unused(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.served || p.last || p.under+p.verbs > 0 {
		return 0
	}
	return now.Sub(p.used)
}

// closing is how long a process may take to close its engine.
var closing = 30 * time.Second

// retire ends the process once the photos under way are done.
func (p *process) retire(why string) {
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
		_, _ = call(p, closeVerb, api.None{})
		late.Stop()
		p.kill(why)
	}
}

func (p *process) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.under == 0
}

// retired reports whether the process ended, or is to end, by being retired.
func (p *process) retired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// ending reports whether the process is dead or is to end.
func (p *process) ending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause != "" || p.last
}

// starve is kill before the kernel does it.
func (p *process) starve(why string) {
	p.mu.Lock()
	p.hungry = p.killed == ""
	p.mu.Unlock()
	p.kill(why)
}

func (p *process) kill(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed == "" {
		p.killed = why
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// guard ends the process when it takes too much memory or gets nowhere, and has
// another take its place when it has long had nothing to do.
func (p *process) guard(c config.Worker) {
	most := allowance(c)
	asked := make(chan string, 1)
	var asking bool
	last := time.Now()
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-p.dead:
			tick.Stop()
			return
		case photo := <-asked:
			asking, last = false, time.Now()
			if photo != "" {
				p.kill(fmt.Sprintf("%s made no progress for %s (worker.stall_timeout)", photo, c.StallTimeout))
			}
		case <-tick.C:
		}
		if c.Idle > 0 && p.unused(time.Now()) >= c.Idle {
			go p.retire(fmt.Sprintf("it had nothing to do for %s (worker.idle), and held %s of memory", c.Idle, diag.Size(admission.ThisHost.Anonymous(p.pid))))
		}
		if own := diag.Size(admission.ThisHost.Anonymous(p.pid)); own > most {
			if c.Memory == 0 { // then it is what is there
				p.starve(fmt.Sprintf("it held %s of memory, of the %s that are there for it", own, most))
			}
			p.kill(fmt.Sprintf("it held %s of memory and may hold %s (worker.memory)", own, most))
		}
		switch {
		case !asking && time.Since(last) > min(c.StallTimeout/4, 10*time.Second):
			asking, last = true, time.Now()
			go func() {
				a, _ := call(p, stalledVerb, stalledRequest{c.StallTimeout})
				p.admitted.Store(a.Admitted)
				p.limit.Store(a.Limit)
				asked <- a.Photo
			}()
		case asking && time.Since(last) > c.StallTimeout:
			p.kill(fmt.Sprintf("it did not answer for %s (worker.stall_timeout)", c.StallTimeout))
		}
	}
}

// allowance is the memory that a worker may hold: a share of what the machine
// and the cgroup have where it is not set.
func allowance(c config.Worker) diag.Size {
	if most := admission.ThisHost.WorkerMemory(int64(c.Memory)); most > 0 {
		return diag.Size(most)
	}
	return math.MaxInt64 // this system does not tell
}
