package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// newTerminal opens a pseudo terminal.
func newTerminal() (master, line *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		_ = master.Close()
	}
	return master, line, err
}

// attach makes a new terminal the controlling one of a command that is not
// started yet; it closes when the script ends.
func attach(ts *testscript.TestScript, c *exec.Cmd) (master, line *os.File) {
	master, line, err := newTerminal()
	ts.Check(err)
	ts.Defer(func() { _ = master.Close() })
	c.Stdin = line
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return master, line
}
