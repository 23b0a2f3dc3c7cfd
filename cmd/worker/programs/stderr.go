package programs

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
)

// stderr takes what a program writes to standard error into the log: so many
// lines in so long a time, each of a bounded length. The rest is read, so that the
// program does not wait, and counted.
type stderr struct {
	operator string
	log      *slog.Logger

	mu     sync.Mutex
	last   string // line
	done   chan struct{}
	lines  int // in the period
	period time.Time
	lost   int
}

const (
	mostLine  = 500 // bytes
	mostLines = 20
	linesIn   = 10 * time.Second
)

// follow reads until no process has the other end.
func (s *stderr) follow(r *os.File) {
	s.mu.Lock()
	s.done = make(chan struct{})
	done := s.done
	s.mu.Unlock()
	defer close(done)
	defer r.Close()
	b := bufio.NewReaderSize(r, mostLine)
	for {
		line, partial, err := b.ReadLine()
		if len(line) > 0 {
			s.take(diag.Printable(string(line)), time.Now())
		}
		for partial && err == nil { // the rest of a long line
			_, partial, err = b.ReadLine()
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, r)
			return
		}
	}
}

func (s *stderr) take(line string, now time.Time) {
	s.mu.Lock()
	s.last = line
	if now.Sub(s.period) > linesIn {
		s.period, s.lines = now, 0
	}
	s.lines++
	told, lost := s.lines <= mostLines, s.lost
	if told {
		s.lost = 0
	} else {
		s.lost++
	}
	s.mu.Unlock()
	if told && lost > 0 {
		s.log.Warn("a program wrote more to standard error than is logged", "operator", s.operator, "lines", lost)
	}
	if told {
		s.log.Warn("a program wrote to standard error", "operator", s.operator, "text", line)
	}
}

// end waits for what was written before the program ended, and returns the last line.
func (s *stderr) end() string {
	s.mu.Lock()
	done := s.done
	s.mu.Unlock()
	if done != nil {
		select {
		case <-done:
		case <-time.After(time.Second):
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}
