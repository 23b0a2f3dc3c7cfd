package cmd

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// untilSignal is a context that SIGINT, SIGTERM or SIGHUP ends. A further SIGINT
// or SIGTERM ends the process at once, after last. SIGHUP never does, since a
// terminal that closes may send several, and with reload set it ends the context
// only where the process had a terminal that is gone; where the process was
// started with it ignored, as under nohup, it stays so.
func untilSignal(parent context.Context, last func()) (ctx context.Context, hup *hangups, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 8)
	ended := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	hup = &hangups{attended: hasTerminal()}
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		asked := false
		for {
			select {
			case s := <-signals:
				if s == syscall.SIGHUP {
					if !hup.reloads() {
						cancel()
					}
					continue
				}
				cancel()
				if asked {
					last()
					die(s)
				}
				asked = true
			case <-ended:
				return
			}
		}
	}()
	return ctx, hup, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// hangups tells what a SIGHUP means: the terminal has closed, or a daemon is to
// read its configuration again.
type hangups struct {
	attended bool                          // started from a terminal
	asked    atomic.Pointer[chan struct{}] // takes that a reload is asked for; nil: there are none
}

// listen is sent to when a SIGHUP asks for a reload from now on.
func (h *hangups) listen() <-chan struct{} {
	asked := make(chan struct{}, 1) // one that waits stands for all until it begins
	h.asked.Store(&asked)
	return asked
}

// reloads reports whether the SIGHUP that has come asks for a reload, and sends
// that on.
func (h *hangups) reloads() bool {
	asked := h.asked.Load()
	if asked == nil || h.attended && !hasTerminal() {
		return false
	}
	select {
	case *asked <- struct{}{}:
	default:
	}
	return true
}

// hasTerminal reports whether the process has a controlling terminal. One that
// has closed is none any more before it sends SIGHUP.
func hasTerminal() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// scratch is folders that the command removes, also where a second signal ends
// it before it could.
type scratch struct {
	mu      sync.Mutex
	folders []string
}

// makeFolder makes a folder. The caller may remove it when it is done; the
// command's end does.
func (s *scratch) makeFolder(pattern string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	folder, err := os.MkdirTemp("", pattern)
	if err == nil {
		s.folders = append(s.folders, folder)
	}
	return folder, err
}

func (s *scratch) removeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 3 { // what still runs may add to a folder meanwhile
		for _, folder := range s.folders {
			_ = os.RemoveAll(folder)
		}
	}
}

// die ends the process by the signal, as if nobody had caught it.
func die(s os.Signal) {
	signal.Reset(s)
	if number, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(os.Getpid(), number)
	}
}

// outliveReaders lets writes to standard output and error fail quietly when
// nobody reads them any more, instead of ending the process.
func outliveReaders() { signal.Ignore(syscall.SIGPIPE) }
