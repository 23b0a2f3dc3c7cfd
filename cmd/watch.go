package cmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"github.com/burnish-photo/burnish/cmd/app"
	"github.com/burnish-photo/burnish/cmd/logging"
	"golang.org/x/sys/unix"
)

// clearScreen puts the cursor at the top of an empty screen.
const clearScreen = "\x1b[H\x1b[2J"

// watch shows the state whenever it changes: on a terminal in place of what it
// showed before, elsewhere below it. It ends with the context, and on a terminal
// when q is pressed.
func (s *statusCommand) watch(h *host, dir string) error {
	ctx, cancel := context.WithCancel(h)
	defer cancel()
	redraw := logging.IsTerminal(h.out) && !s.JSON
	if redraw {
		defer untilKey(cancel)()
	}
	tick := time.NewTicker(app.StatusEvery)
	defer tick.Stop()
	var before []byte
	for {
		now, err := lookAt(dir)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := s.print(&text, now); err != nil {
			return err
		}
		if !bytes.Equal(text.Bytes(), before) {
			if err := show(h.out, text.Bytes(), redraw, before != nil && !s.JSON); err != nil {
				return nil //nolint:nilerr // nobody looks any more
			}
			before = text.Bytes()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func show(out io.Writer, text []byte, redraw, again bool) error {
	switch {
	case redraw:
		text = append([]byte(clearScreen), append(text, "\nq quits\n"...)...)
	case again:
		text = append([]byte{'\n'}, text...)
	}
	_, err := out.Write(text)
	return err
}

// untilKey calls cancel when q is pressed, which the terminal then hands over
// without a line's end. restore gives the terminal back as it was.
func untilKey(cancel func()) (restore func()) {
	fd := int(os.Stdin.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	keys := *before
	keys.Lflag &^= unix.ICANON | unix.ECHO // signals stay: Ctrl-C is one
	if unix.IoctlSetTermios(fd, unix.TCSETS, &keys) != nil {
		return func() {}
	}
	go func() {
		key := make([]byte, 1)
		for {
			if n, err := os.Stdin.Read(key); n == 0 || err != nil {
				return
			}
			if key[0] == 'q' || key[0] == 'Q' {
				cancel()
				return
			}
		}
	}()
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }
}
