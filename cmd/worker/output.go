package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/cmd/worker/crash"
	"github.com/burnish-photo/burnish/ops/diag"
)

// output takes what a worker process logs, and what it writes to standard error,
// into the daemon's log. The process itself reaches no log.
type output struct {
	log           *slog.Logger
	stateDir      string
	stderr, lines *os.File // for the process
	follow        *crash.Output
	received      chan struct{} // closed when no more lines can come
}

func newOutput(log *slog.Logger, stateDir string) (*output, error) {
	o := &output{log: log, stateDir: stateDir, received: make(chan struct{})}
	errors1, stderr, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	records, lines, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, errors1.Close(), stderr.Close())
	}
	o.stderr, o.lines = stderr, lines
	o.follow = crash.Follow(errors1, func(line string) { log.Warn("the worker wrote to standard error", "text", line) })
	go func() {
		defer close(o.received)
		defer records.Close()
		logging.Receive(records, log)
	}()
	return o, nil
}

// handedOver closes the process's ends here.
func (o *output) handedOver() {
	o.stderr.Close()
	o.lines.Close()
}

// end waits until what the process wrote before it ended has been logged, and
// returns what is left of it on standard error.
func (o *output) end() string {
	select {
	case <-o.received:
	case <-time.After(time.Second):
	}
	return o.follow.End()
}

// dump saves what a process wrote before it died. It returns the file, "" where
// there is none, and the line that tells most.
func (o *output) dump(text, cause string, pid int) (file, line string) {
	if text == "" {
		return "", ""
	}
	line = diag.Printable(crash.Cause(text))
	about := fmt.Sprintf("worker process %d ended: %s", pid, cause)
	file, err := crash.Save(o.stateDir, about, text, time.Now(), pid)
	if err != nil {
		o.log.Warn("the output of a crashed worker could not be saved", "error", err)
	}
	return file, line
}

// LogDescriptor is the open file that a worker process logs to.
func LogDescriptor() *os.File { return os.NewFile(logDescriptor, "log") }

// IsProcess reports whether a daemon has started this process as its worker.
func IsProcess() bool { return isPipe(logDescriptor) }

// isPipe looks at a descriptor and makes no [os.File] of it: the garbage collector
// would close the descriptor with that, and the ledger could be opened in its place.
func isPipe(descriptor int) bool {
	var s unix.Stat_t
	return unix.Fstat(descriptor, &s) == nil && s.Mode&unix.S_IFMT == unix.S_IFIFO
}
