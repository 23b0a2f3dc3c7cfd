package cmd

import (
	"errors"
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

// withHint is a message for a terminal, with a hint on a line of its own.
func withHint(text, hint string) string {
	text = diag.Printable(text)
	if hint != "" {
		text += "\n    hint: " + diag.Printable(hint)
	}
	return text
}
