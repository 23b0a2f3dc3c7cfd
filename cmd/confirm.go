package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/burnish-photo/burnish/cmd/logging"
)

// errDeclined is the answer no to a question.
var errDeclined = errors.New("nothing was done")

// confirm asks a question on a terminal, and waits for its answer or the end of
// the command. Where nobody can answer, nothing is asked.
func confirm(h *host, question string) error {
	if !logging.IsTerminal(h.err) || !logging.IsTerminal(os.Stdin) {
		return nil
	}
	fmt.Fprintf(h.err, "%s [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n') // its end is a no
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
		return errDeclined
	case <-h.Done():
		fmt.Fprintln(h.err)
		return h.Err()
	}
}

// statusLine shows how far a command has come, on a terminal; clearLine removes
// it before anything else is printed.
func statusLine(h *host, text string) {
	if logging.IsTerminal(h.err) {
		fmt.Fprintf(h.err, "\r\x1b[K%s", text)
	}
}

func clearLine(h *host) {
	if logging.IsTerminal(h.err) {
		fmt.Fprint(h.err, "\r\x1b[K")
	}
}
