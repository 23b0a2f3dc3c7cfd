package worker

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/ops/event"
)

const (
	callsFiltered = "filtered by seccomp"
	callsQuietly  = "filtered by seccomp; what it denies is not logged"
)

// filterCalls filters the worker's system calls, which may receive messages on
// the connection programs alone, and hands the daemon the
// listener, so that the worker has no hold of it. It says how they are filtered.
//
// The listener goes over a Unix socket of its own, in one message: a byte 0 that
// carries the descriptor (SCM_RIGHTS), or nothing where there is none. After
// that the worker closes its end.
func filterCalls(daemon, programs *net.UnixConn, landlock int) (how string, err error) {
	socket, err := descriptor(daemon)
	if err != nil {
		return "", err
	}
	receives, err := descriptor(programs)
	if err != nil {
		return "", err
	}
	listener, err := sandbox.FilterCalls(landlock, socket, receives)
	var rights []byte
	switch {
	case err != nil:
		how = "not filtered: " + err.Error()
	case listener == nil:
		how = callsQuietly
	default:
		defer listener.Close()
		how, rights = callsFiltered, syscall.UnixRights(int(listener.Fd()))
	}
	if _, _, err := daemon.WriteMsgUnix([]byte{0}, rights, nil); err != nil {
		return "", fmt.Errorf("hand over the system calls: %w", err)
	}
	return how, nil
}

func descriptor(c *net.UnixConn) (number int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Control(func(fd uintptr) { number = int(fd) })
	return number, err
}

// denials are the system calls that a worker was denied.
type denials struct {
	mu    sync.Mutex
	calls map[string]bool
}

// answerCalls takes the listener that filterCalls sends and answers until the
// worker has ended. Each call that is denied is told of once. A worker that
// dies before it sends has none.
func answerCalls(worker *net.UnixConn, pid int, log *slog.Logger) (*denials, error) {
	d := &denials{calls: map[string]bool{}}
	room := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := worker.ReadMsgUnix(make([]byte, 1), room)
	if err != nil || n == 0 {
		return d, nil // what is wrong shows at the first call
	}
	messages, err := syscall.ParseSocketControlMessage(room[:n])
	if err != nil {
		return d, fmt.Errorf("take over the system calls: %w", err)
	}
	fds, err := syscall.ParseUnixRights(&messages[0]) // there is room for one
	if err != nil {
		return d, fmt.Errorf("take over the system calls: %w", err)
	}
	syscall.CloseOnExec(fds[0])
	broker := sandbox.Broker{Listener: os.NewFile(uintptr(fds[0]), "system calls"), Process: pid, Denied: func(call string) {
		if d.add(call) {
			log.Warn("the sandbox denied a system call", event.CallDenied.Attr(), "call", call, "pid", pid)
		}
	}}
	go broker.Serve()
	return d, nil
}

// add reports whether the call is a new one.
func (d *denials) add(call string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.calls[call]
	d.calls[call] = true
	return !known
}

// String names the calls.
func (d *denials) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(d.calls)), ", ")
}
