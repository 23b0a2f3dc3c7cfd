package programs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/burnish-photo/burnish/ops"
	"golang.org/x/sys/unix"
)

// What a worker process asks: each question and each answer is one packet.
type question struct {
	Start  string `json:"start,omitempty"` // an operator; the answer carries the program's input and output
	Digest string `json:"digest,omitempty"`
	End    int    `json:"end,omitempty"` // a program, whose input has ended
}

type reply struct {
	Program int    `json:"program,omitempty"`
	Cause   string `json:"cause,omitempty"`
	Error   string `json:"error,omitempty"`
	Changed bool   `json:"changed,omitempty"` // the error is [ops.ErrProgramChanged]
}

// mostPacket bounds a question or an answer, in bytes.
const mostPacket = 16 << 10

// Pair is a connection of packets to oneself; the second end is for a worker.
func Pair() (*net.UnixConn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	theirs := os.NewFile(uintptr(fds[1]), "programs")
	ours, err := Conn(os.NewFile(uintptr(fds[0]), "programs"))
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// Conn is the connection behind a file, which it closes.
func Conn(f *os.File) (*net.UnixConn, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	unixConn, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s is no Unix socket", f.Name()), c.Close())
	}
	return unixConn, nil
}

// Serve answers a worker process until its end of the connection closes. Then it
// ends what it has started.
func Serve(c *net.UnixConn, l *Launcher) {
	defer c.Close()
	defer l.Close()
	s := &service{launcher: l, running: map[int]*child{}}
	packet := make([]byte, mostPacket)
	for {
		n, err := c.Read(packet)
		if err != nil || n == 0 {
			return
		}
		var q question
		if json.Unmarshal(packet[:n], &q) != nil {
			return
		}
		r, files := s.answer(q)
		if err := send(c, r, files); err != nil {
			return
		}
	}
}

type service struct {
	launcher *Launcher
	running  map[int]*child
	last     int
}

// answer answers a question. The files are closed once they are sent.
func (s *service) answer(q question) (reply, []*os.File) {
	if q.Start == "" {
		c, ok := s.running[q.End]
		if !ok {
			return reply{Error: "no such program"}, nil
		}
		delete(s.running, q.End)
		return reply{Cause: c.finish()}, nil
	}
	const most = 1000 // of all operators together, more than are ever declared
	if len(s.running) >= most {
		return reply{Error: fmt.Sprintf("%d programs run", most)}, nil
	}
	c, err := s.launcher.start(context.Background(), q.Start, q.Digest)
	if err != nil {
		return reply{Error: err.Error(), Changed: errors.Is(err, ops.ErrProgramChanged)}, nil
	}
	s.last++
	s.running[s.last] = c
	return reply{Program: s.last}, []*os.File{c.in, c.out}
}

// send sends an answer with files, which it closes.
func send(c *net.UnixConn, r reply, files []*os.File) error {
	r.Cause, r.Error = short(r.Cause), short(r.Error)
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var fds []int
	for _, f := range files {
		defer f.Close()
		raw, err := f.SyscallConn()
		if err != nil {
			return err
		}
		if err := raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) }); err != nil {
			return err
		}
	}
	var rights []byte
	if len(fds) > 0 {
		rights = syscall.UnixRights(fds...)
	}
	_, _, err = c.WriteMsgUnix(text, rights, nil)
	return err
}

// short is a text that fits into a packet with another one, however JSON has to
// escape it.
func short(text string) string {
	const most = mostPacket / 16
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// Remote starts programs by asking the process that [Serve] runs in. It is an
// [ops.Programs].
type Remote struct {
	mu   sync.Mutex
	conn *net.UnixConn
}

var _ ops.Programs = (*Remote)(nil)

// NewRemote asks on a connection.
func NewRemote(c *net.UnixConn) *Remote { return &Remote{conn: c} }

// Start asks for the program of an operator.
func (r *Remote) Start(_ context.Context, operator, digest string) (ops.Program, error) {
	a, files, err := r.ask(question{Start: operator, Digest: digest})
	switch {
	case err != nil:
		return nil, err
	case a.Changed:
		return nil, changed{a.Error}
	case a.Error != "":
		return nil, errors.New(a.Error)
	case len(files) != 2:
		return nil, errors.New("the daemon did not hand over the program")
	}
	return &remoteProgram{remote: r, id: a.Program, in: files[0], out: files[1]}, nil
}

// changed is [ops.ErrProgramChanged] in the daemon's words.
type changed struct{ text string }

func (c changed) Error() string        { return c.text }
func (c changed) Is(target error) bool { return target == ops.ErrProgramChanged }

// ask is an answer and the files that came with it.
func (r *Remote) ask(q question) (a reply, files []*os.File, err error) {
	text, err := json.Marshal(q)
	if err != nil {
		return a, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.conn.Write(text); err != nil {
		return a, nil, fmt.Errorf("ask the daemon for a program: %w", err)
	}
	packet, room := make([]byte, mostPacket), make([]byte, syscall.CmsgSpace(2*4))
	n, m, _, _, err := r.conn.ReadMsgUnix(packet, room)
	if err != nil {
		return a, nil, fmt.Errorf("ask the daemon for a program: %w", err)
	}
	if files, err = received(room[:m]); err != nil {
		return a, nil, err
	}
	return a, files, json.Unmarshal(packet[:n], &a)
}

// received are the files that came with a packet.
func received(control []byte) (files []*os.File, err error) {
	if len(control) == 0 {
		return nil, nil
	}
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			return nil, err
		}
		for _, fd := range fds {
			if err := unix.SetNonblock(fd, true); err != nil { // so that closing it ends what waits
				return nil, err
			}
			files = append(files, os.NewFile(uintptr(fd), "program"))
		}
	}
	return files, nil
}

// remoteProgram is a program that the daemon has started.
type remoteProgram struct {
	remote  *Remote
	id      int
	in, out *os.File

	once  sync.Once
	cause string
}

// Read reads the program's standard output.
func (p *remoteProgram) Read(b []byte) (int, error) { return p.out.Read(b) }

// Write writes to the program's standard input.
func (p *remoteProgram) Write(b []byte) (int, error) { return p.in.Write(b) }

// End ends the program.
func (p *remoteProgram) End() string {
	p.once.Do(func() {
		p.in.Close()
		p.out.Close()
		a, _, err := p.remote.ask(question{End: p.id})
		p.cause = a.Cause
		if err != nil {
			p.cause = err.Error()
		}
	})
	return p.cause
}
