package cmd_test

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// daemonPatience bounds how long a daemon may take to end.
const daemonPatience = 2 * time.Minute

// daemons are the daemons of one script, by name.
type daemons map[string]*daemonProcess

type daemonProcess struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer // to be read once ended is closed
	ended          chan struct{}
	err            error    // how it ended
	terminal       *os.File // the other end of its own, or nil
}

// daemonsKey is the key of a script's daemons among the values of its environment.
type daemonsKey struct{}

var daemonSignals = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM,
}

// daemonCommand runs `burnish run` beside a script; NAME is "daemon" where it
// is left out.
//
//	daemon start [NAME] ARG...       burnish run ARG...; $DAEMON_PID is its process
//	daemon terminal [NAME] ARG...    the same from a terminal of its own
//	daemon hangup [NAME]             closes that terminal
//	daemon signal [NAME] SIGNAL      sends HUP, INT or TERM
//	[!] daemon wait [NAME]           waits until it ends by itself
//	[!] daemon stop [NAME] [SIGNAL]  sends TERM, or SIGNAL, and waits
//
// An exit status other than 0, or with ! the status 0, fails the script with
// the daemon's log. After wait and stop the commands stdout and stderr match
// what the daemon wrote, and $DAEMON_EXIT is its exit status.
func daemonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: daemon start|terminal|hangup|signal|wait|stop [NAME] ...")
	}
	all := ts.Value(daemonsKey{}).(daemons)
	verb, name, rest := args[0], "daemon", args[1:]
	if len(rest) > 0 && !strings.HasPrefix(rest[0], "-") && daemonSignals[rest[0]] == 0 {
		name, rest = rest[0], rest[1:]
	}
	d := all[name]
	if verb == "start" || verb == "terminal" {
		if d != nil {
			ts.Fatalf("daemon %s runs already", name)
		}
		all[name] = startDaemon(ts, rest, verb == "terminal")
		return
	}
	if d == nil {
		ts.Fatalf("no daemon %s was started", name)
	}
	signal := syscall.SIGTERM
	if len(rest) > 0 {
		if signal = daemonSignals[rest[0]]; signal == 0 {
			ts.Fatalf("unknown signal %s", rest[0])
		}
	}
	switch verb {
	case "signal":
		ts.Check(d.cmd.Process.Signal(signal))
		return
	case "hangup":
		ts.Check(d.terminal.Close())
		return
	case "stop":
		_ = d.cmd.Process.Signal(signal) // one that has ended is judged below
	case "wait":
	default:
		ts.Fatalf("unknown command daemon %s", verb)
	}
	delete(all, name)
	d.finish(ts, name, neg)
}

// startDaemon starts burnish run with the script's environment, in its folder.
func startDaemon(ts *testscript.TestScript, args []string, terminal bool) *daemonProcess {
	path, err := exec.LookPath("burnish")
	ts.Check(err)
	ts.Check(ts.Exec("env", "-0"))
	d := &daemonProcess{cmd: exec.Command(path, append([]string{"run"}, args...)...), ended: make(chan struct{})}
	d.cmd.Env = strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
	d.cmd.Dir = ts.MkAbs(".")
	d.cmd.Stdout, d.cmd.Stderr = &d.stdout, &d.stderr
	d.cmd.WaitDelay = daemonPatience // for a worker that holds the pipes
	if terminal {
		var line *os.File
		d.terminal, line = attach(ts, d.cmd)
		defer line.Close()
	}
	ts.Check(d.cmd.Start())
	go func() {
		d.err = d.cmd.Wait()
		close(d.ended)
	}()
	ts.Defer(func() {
		_ = d.cmd.Process.Kill() // does nothing to one that has ended
		<-d.ended
	})
	ts.Setenv("DAEMON_PID", strconv.Itoa(d.cmd.Process.Pid))
	return d
}

// finish waits for the end of d and judges it.
func (d *daemonProcess) finish(ts *testscript.TestScript, name string, neg bool) {
	select {
	case <-d.ended:
	case <-time.After(daemonPatience):
		_ = d.cmd.Process.Kill()
		<-d.ended
		ts.Fatalf("daemon %s did not end within %s; its log:\n%s", name, daemonPatience, d.stderr.String())
	}
	ts.Setenv("DAEMON_EXIT", strconv.Itoa(d.cmd.ProcessState.ExitCode()))
	if (d.err != nil) != neg {
		ts.Fatalf("daemon %s ended with %v; its log:\n%s", name, d.cmd.ProcessState, d.stderr.String())
	}
	_, err := ts.Stdout().Write(d.stdout.Bytes())
	ts.Check(err)
	_, err = ts.Stderr().Write(d.stderr.Bytes())
	ts.Check(err)
}
