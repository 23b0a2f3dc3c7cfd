package cmd

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// reasonOf parts an error into what is wrong and what to do about it, "" where
// it does not say.
func reasonOf(err error) (reason, hint string) {
	var failure *plugin.Error
	if !errors.As(err, &failure) || failure.Hint == "" {
		return err.Error(), ""
	}
	return strings.TrimSuffix(err.Error(), "; "+failure.Hint), failure.Hint
}

// printDiagnostic prints one that is wrong in a file, with its hint.
func printDiagnostic(out io.Writer, d diag.Diagnostic) {
	fmt.Fprintln(out, withHint(d.Reason(), d.Hint))
}

// withHint is a message for a terminal, with a hint on a line of its own.
func withHint(text, hint string) string {
	text = diag.Printable(text)
	if hint != "" {
		text += "\n    hint: " + diag.Printable(hint)
	}
	return text
}
