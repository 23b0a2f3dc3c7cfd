package programs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"golang.org/x/sys/unix"
)

// Stage is the beginning of a process that becomes a program: it confines itself
// and executes the program. A command calls it first of all. It returns false
// where this process is none of those, and does not return where it is.
func Stage(arguments []string) bool {
	if len(arguments) != 2 || arguments[1] != stageName {
		return false
	}
	runtime.LockOSThread() // what is confined is the thread, which then executes the program
	status := os.NewFile(statusDescriptor, "status")
	unix.CloseOnExec(statusDescriptor)
	if err := become(); err != nil {
		_, _ = status.Write([]byte(err.Error())) // nobody to tell otherwise
	}
	os.Exit(1)
	return true
}

func become() error {
	orders := os.NewFile(orderDescriptor, "order")
	text, err := io.ReadAll(io.LimitReader(orders, 1<<20))
	if err != nil {
		return fmt.Errorf("the daemon starts this command, nobody else: %w", err)
	}
	orders.Close()
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("the daemon starts this command, nobody else: %w", err)
	}
	if err := limit(o); err != nil {
		return err
	}
	if o.Confined {
		p := sandbox.Program{Run: o.Run, Read: o.Read, Forks: o.Forks}
		if err := p.Enter(o.Landlock); err != nil {
			return fmt.Errorf("confine the program: %w", err)
		}
	}
	path := o.Command[0]
	o.Command[0] = cmp.Or(o.Name, path)
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, o.Command, o.Environment))
}

// spare is memory beside what a program holds: stacks of threads that are
// reserved, and its libraries' data. The guard counts what is held.
const spare = 512 << 20

// mostTasks bounds processes and threads before the guard counts them. Root's are
// bounded only where it can be left.
const mostTasks = 512

// niceness lets the guard run when a program has started many processes. Who is
// nicer already, such as a service with Nice=10, stays so: a lower one takes rights.
const niceness = 5

func giveWay() error {
	now, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if now = 20 - now; err != nil || now >= niceness { // the system call tells no negative numbers
		return err
	}
	return unix.Setpriority(unix.PRIO_PROCESS, 0, niceness)
}

// limit bounds what a process may take; what it starts has the same bounds.
func limit(o order) error {
	bounds := map[int]uint64{
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_FSIZE:  0, // no file grows by it
		unix.RLIMIT_NOFILE: 256,
	}
	if !o.Unbounded {
		bounds[unix.RLIMIT_DATA] = uint64(o.Memory) + spare
	}
	for resource, most := range bounds {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit what the program may take: %w", err)
		}
	}
	most := uint64(mostTasks)
	if o.Confined {
		left, err := sandbox.LeaveRoot()
		if err != nil {
			return err
		}
		if !left {
			most += tasks() // which the user has without it
		}
	}
	err := syscall.Setrlimit(unix.RLIMIT_NPROC, &syscall.Rlimit{Cur: most, Max: most})
	if o.Forks {
		err = errors.Join(err, giveWay())
	}
	if err != nil {
		return fmt.Errorf("limit what the program may take: %w", err)
	}
	return nil
}
