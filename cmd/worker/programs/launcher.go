// Package programs starts the programs of operators that the configuration
// declares, each in a process of its own that can do nothing but compute on what
// it is given: no file but its own and the system's libraries can be read, none
// written, no network used, and no other program started than those declared.
//
// A [Launcher] starts them in this process's name. A worker process, which may
// start nothing, asks for them over a socket: [Serve] answers, [Remote] asks.
package programs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/process"
)

// Launcher starts programs. It is an [ops.Programs].
type Launcher struct {
	declared map[string]process.Declaration
	confined bool // by what the system has
	log      *slog.Logger

	mu     sync.Mutex
	run    map[*child]bool
	closed bool
}

var _ ops.Programs = (*Launcher)(nil)

// New makes a launcher of the operators declared. Unless confined is set, programs
// have this process's rights.
func New(declared map[string]process.Declaration, confined bool, log *slog.Logger) *Launcher {
	return &Launcher{declared: declared, confined: confined, log: log, run: map[*child]bool{}}
}

// Confinement tells how programs are confined, a line for people.
func (l *Launcher) Confinement() string {
	if !l.confined {
		return "nothing: worker.sandbox is off"
	}
	abi, err := sandbox.Version()
	if err != nil {
		return "seccomp alone: " + err.Error()
	}
	return fmt.Sprintf("Landlock, version %d, and seccomp", abi)
}

// startTimeout bounds how long a process may take until it executes its program.
const startTimeout = 30 * time.Second

// Start starts the program of an operator.
func (l *Launcher) Start(ctx context.Context, operator, digest string) (ops.Program, error) {
	c, err := l.start(ctx, operator, digest)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *Launcher) start(ctx context.Context, operator, digest string) (*child, error) {
	d, ok := l.declared[operator]
	if !ok || len(d.Command) == 0 {
		return nil, fmt.Errorf("no operator %q is declared", operator)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	own, _, err := process.Digests(d.Files())
	if err != nil {
		return nil, fmt.Errorf("the program of %s: %w", operator, err)
	}
	if own != digest {
		return nil, fmt.Errorf("%w (%s): burnish reload takes the new one", ops.ErrProgramChanged, d.Command[0])
	}
	c, err := launch(operator, d, l.order(d), l.log)
	if err != nil {
		return nil, fmt.Errorf("start the program of %s: %w", operator, err)
	}
	l.mu.Lock()
	closed := l.closed
	l.run[c] = true
	l.mu.Unlock()
	go func() {
		<-c.dead
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.run, c)
	}()
	if closed {
		c.End()
		return nil, errors.New("the daemon is stopping")
	}
	return c, nil
}

// order is what a process is told before it becomes the program.
func (l *Launcher) order(d process.Declaration) order {
	o := order{Command: d.Command, Memory: int64(d.Memory), Confined: l.confined, Forks: len(d.Runs) > 0}
	o.Run = append(append(o.Run, d.Command[0]), d.Runs...)
	o.Read = append(append(o.Read, d.Files()...), d.Read...)
	if _, err := sandbox.Version(); err == nil {
		o.Landlock = l.confined
	}
	o.Environment = []string{"PATH=" + process.SearchPath, "LANG=C.UTF-8", "HOME=/nonexistent", "TMPDIR=/nonexistent"}
	for name, value := range d.Environment {
		o.Environment = append(o.Environment, name+"="+value)
	}
	return o
}

// Close ends all programs.
func (l *Launcher) Close() {
	l.mu.Lock()
	l.closed = true
	var all []*child
	for c := range l.run {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		c.End()
	}
}

// executable is this program, which a process is until it becomes another.
const executable = "/proc/self/exe"

// arguments make [Stage] of this program.
func arguments() []string { return []string{os.Args[0], stageName} }
