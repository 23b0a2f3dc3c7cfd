package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/cmd/webhook"
	"github.com/burnish-photo/burnish/ops/diag"
)

// target is a receiver.
type target struct {
	id     string // folder of its messages
	name   string // for people
	events []string
	send   func(context.Context, Message) error
	close  func() // may be nil
}

func (t target) wants(group string) bool {
	return len(t.events) == 0 || slices.Contains(t.events, group)
}

func hookTarget(r *webhook.Receiver, u *url.URL, events []string) target {
	return target{
		id: identify("webhook", u.String()), name: webhook.Masked(u), events: events, close: r.Close,
		send: func(ctx context.Context, m Message) error {
			body, err := m.body()
			if err != nil {
				return err
			}
			return r.Post(ctx, m.ID, body)
		},
	}
}

func commandTarget(argv, events []string) target {
	return target{
		id: identify("command", argv...), name: filepath.Base(argv[0]), events: events,
		send: func(ctx context.Context, m Message) error {
			body, err := m.body()
			if err != nil {
				return err
			}
			return run(ctx, argv, append(body, '\n'))
		},
	}
}

func mailTarget(e Email, events []string) target {
	argv := []string{e.Sendmail, "-i"}
	if e.From != "" {
		argv = append(argv, "-f", e.From)
	}
	argv = append(append(argv, "--"), e.To...)
	return target{
		id: identify("email", argv...), name: strings.Join(e.To, ", "), events: events,
		send: func(ctx context.Context, m Message) error {
			letter, err := e.letter(m)
			if err != nil {
				return err
			}
			return run(ctx, argv, letter)
		},
	}
}

// letter is a message as mail. A header holds no line end of a name.
func (e Email) letter(m Message) ([]byte, error) {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\n", name, value) }
	if e.From != "" {
		header("From", e.From)
	}
	subject := []rune(diag.Printable("Burnish on " + m.Data.Host + ": " + m.Data.Summary))
	header("To", strings.Join(e.To, ",\n "))
	header("Subject", mime.QEncoding.Encode("utf-8", string(subject[:min(len(subject), 150)])))
	header("Date", m.Timestamp.Format(time.RFC1123Z))
	header("Message-ID", "<"+m.ID+"@burnish.invalid>")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	header("Auto-Submitted", "auto-generated")
	b.WriteString("\n")
	w := quotedprintable.NewWriter(&b)
	_, err := w.Write([]byte(m.text()))
	err = errors.Join(err, w.Close())
	return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")), err
}

// run runs a command, without a shell, in a process group of its own that is
// killed when ctx ends.
func run(ctx context.Context, argv []string, input []byte) error {
	var said tail
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(input), &said, &said
	c.Dir = "/"
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8"}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 5 * time.Second
	err := c.Run()
	if text := strings.TrimSpace(diag.Printable(said.String())); err != nil && text != "" {
		return fmt.Errorf("%s: %w: %s", argv[0], err, text)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", argv[0], err)
	}
	return nil
}

// tail keeps the end of what a command writes.
type tail struct{ text []byte }

// Write takes more.
func (t *tail) Write(b []byte) (int, error) {
	const most = 500 // bytes
	t.text = append(t.text, b[max(0, len(b)-most):]...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(b), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(string(t.text), "") }
