package cmd

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// untilSignal is a context that SIGINT, SIGTERM or SIGHUP ends. A further SIGINT
// or SIGTERM ends the process at once, after last. SIGHUP never does, since a terminal that
// closes may send several; where the process was started with it ignored, as
// under nohup, it stays so.
func untilSignal(parent context.Context, last func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 8)
	ended := make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		asked := false
		for {
			select {
			case s := <-signals:
				cancel()
				if s == syscall.SIGHUP {
					continue
				}
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
	return ctx, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// scratch is folders that the command removes, also where a second signal ends
// it before it could.
type scratch struct {
	mu      sync.Mutex
	folders []string
}

// makeFolder makes a folder. The caller removes it when it is done.
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
	for _, folder := range s.folders {
		_ = os.RemoveAll(folder)
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
