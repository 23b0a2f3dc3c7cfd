package crash

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// quiet is how long a line is held back: a process that dies meanwhile leaves it
// to the dump.
const quiet = 500 * time.Millisecond

// lives is how long after words of death a process lives on for them to have
// been mere words.
const lives = 10 * time.Second

// Output is what a process writes to standard error. Lines are told after a
// moment, but for those of a process that dies.
type Output struct {
	from  io.ReadCloser
	ended chan struct{}
	tell  func(line string)

	mu    sync.Mutex
	held  text
	dying bool // what comes belongs to a dump
	over  bool
	timer *time.Timer
}

// Follow reads until r ends, and closes it. tell is called with lines, one at a time.
func Follow(r io.ReadCloser, tell func(line string)) *Output {
	o := &Output{from: r, ended: make(chan struct{}), tell: tell}
	go func() {
		defer close(o.ended)
		defer r.Close()
		lines := bufio.NewReaderSize(r, 8<<10)
		for {
			line, err := lines.ReadSlice('\n')
			o.add(line)
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
		}
	}()
	return o
}

func (o *Output) add(line []byte) {
	if len(line) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held.add(line)
	o.dying = o.dying || begins(string(line))
	if o.timer != nil {
		o.timer.Stop()
	}
	wait := quiet
	if o.dying {
		wait = lives
	}
	o.timer = time.AfterFunc(wait, o.flush)
}

// flush tells what is held, since the process lives on.
func (o *Output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	o.dying = false
	for line := range strings.Lines(o.held.String()) {
		if line = strings.TrimSpace(line); line != "" {
			o.tell(line)
		}
	}
	o.held = text{}
}

// End returns what is held once the process has ended, having waited a moment
// for the rest of it. It is told no more.
func (o *Output) End() string {
	select {
	case <-o.ended:
	case <-time.After(2 * time.Second): // a child may hold the pipe
		o.from.Close()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	held := o.held.String()
	o.held = text{}
	return held
}

// text is the beginning and the end of what was written.
type text struct {
	head, tail []byte
	lost       int
}

func (t *text) add(b []byte) {
	if room := headSize - len(t.head); room > 0 && len(t.tail) == 0 {
		n := min(room, len(b))
		t.head, b = append(t.head, b[:n]...), b[n:]
	}
	t.tail = append(t.tail, b...)
	if over := len(t.tail) - tailSize; over > tailSize/4 { // rarely, since it moves all
		t.lost += over
		t.tail = append(t.tail[:0], t.tail[over:]...)
	}
}

// String is the text, with a line in place of what was lost.
func (t *text) String() string {
	if t.lost == 0 {
		return string(t.head) + string(t.tail)
	}
	return fmt.Sprintf("%s\n[... %d bytes left out ...]\n%s", t.head, t.lost, t.tail)
}
