package programs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process"
	"golang.org/x/sys/unix"
)

// child is a program that runs, in a process group of its own. It ends with this
// process.
type child struct {
	operator string
	pid      int
	in, out  *os.File // its standard input and output, here
	stderr   *stderr
	dead     chan struct{} // closed when it and all that it started have ended

	mu     sync.Mutex
	killed string // why it was killed here
	cause  string // once dead
}

// launch starts a process and waits until it has executed its program.
func launch(operator string, d process.Declaration, o order, log *slog.Logger) (_ *child, err error) {
	var opened []*os.File
	defer func() {
		if err != nil {
			for _, f := range opened {
				f.Close()
			}
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			if r, w, err = os.Pipe(); err == nil {
				opened = append(opened, r, w)
			}
		}
		return r, w
	}
	stdin, in := pipe()
	out, stdout := pipe()
	errors1, stderrEnd := pipe()
	orders, give := pipe()
	status, report := pipe()
	if err != nil {
		return nil, err
	}
	c := &child{operator: operator, in: in, out: out, dead: make(chan struct{}), stderr: &stderr{operator: operator, log: log}}
	command := exec.Command(executable)
	command.Args, command.Env, command.Dir = arguments(), o.Environment, "/"
	command.Stdin, command.Stdout, command.Stderr = stdin, stdout, stderrEnd
	command.ExtraFiles = []*os.File{orders, report}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			awaitExit(command.Process.Pid)
			_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // what it has left behind, while nobody else has its number
			if o.Forks {
				reap(command.Process.Pid)
			}
			c.ended(command.Wait())
		}
	}()
	err = <-started
	for _, theirs := range []*os.File{stdin, stdout, stderrEnd, orders, report} {
		theirs.Close()
	}
	if err != nil {
		return nil, err
	}
	c.pid = command.Process.Pid
	// It goes before the daemon and the worker when the machine's memory runs out.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", c.pid), []byte("700"), 0o644)
	go c.stderr.follow(errors1)
	err = c.instruct(give, status, o)
	give.Close()
	status.Close()
	if err != nil {
		c.kill("it was not executed")
		<-c.dead
		return nil, err
	}
	if !o.Unbounded {
		go c.guard(int64(d.Memory), len(d.Runs) > 0)
	}
	return c, nil
}

// instruct gives the process its order and waits until it is another program.
func (c *child) instruct(give, status *os.File, o order) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	late := time.Now().Add(startTimeout)
	_ = errors.Join(status.SetReadDeadline(late), give.SetWriteDeadline(late)) // pipes have them
	if _, err := give.Write(text); err != nil {
		return err
	}
	give.Close()
	said, err := io.ReadAll(io.LimitReader(status, 4096))
	if err != nil {
		return err
	}
	if len(said) > 0 {
		return errors.New(diag.Printable(string(said)))
	}
	return nil
}

// ended notes how the program ended.
func (c *child) ended(err error) {
	last := c.stderr.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.killed != "":
		c.cause = c.killed
	case err != nil:
		c.cause = "it ended: " + err.Error()
	default:
		c.cause = "it ended by itself"
	}
	if last != "" {
		c.cause += "; it last wrote: " + last
	}
	close(c.dead)
}

// awaitExit waits for the end of a child without taking it over.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// reap takes over what a program has left behind, as far as it is this process's
// by now: process 1 gets all orphans. The program itself is not yet taken over, so
// that its group keeps its number.
func reap(leader int) {
	for range 100 {
		left := 0
		for _, pid := range group(leader) {
			if pid != leader {
				left++
				_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil) // it may be another's
			}
		}
		if left == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// kill ends the program and all that it started.
func (c *child) kill(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.dead:
		return
	default:
	}
	if c.killed == "" {
		c.killed = why
	}
	// Descendants cannot leave the group, and a fork under way fails once the
	// signal is pending: none escapes.
	_ = syscall.Kill(-c.pid, syscall.SIGKILL)
}

// patience is how long a program may take to end once its standard input ends.
const patience = time.Second

// End ends the program: first by the end of its input, then by force.
func (c *child) End() string {
	c.in.Close()
	c.out.Close()
	return c.finish()
}

// finish waits for the end of a program whose input has ended.
func (c *child) finish() string {
	select {
	case <-c.dead:
	case <-time.After(patience):
		c.kill("")
		<-c.dead
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimSpace(c.cause)
}

// Read reads the program's standard output.
func (c *child) Read(p []byte) (int, error) { return c.out.Read(p) }

// Write writes to the program's standard input.
func (c *child) Write(p []byte) (int, error) { return c.in.Write(p) }
