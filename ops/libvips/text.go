package libvips

import (
	"errors"
	"html"
	"maps"
	"strconv"
	"strings"
	"unicode"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// markup is an argument that Burnish adds to text, which libvips takes for
// markup always.
var markup = vips.Argument{
	Name: "markup", Type: "bool", Input: true, Default: false,
	Summary: "Interpret the text as Pango markup (<b>, &amp; and so on)",
}

// writes reports whether the operation writes a text.
func (d *description) writes() bool { return d.operation.Name == "text" }

// asMarkup are the arguments of text as libvips takes them.
func asMarkup(values vips.Args) vips.Args {
	args := maps.Clone(values)
	delete(args, markup.Name)
	if text, ok := args["text"].(string); ok && values[markup.Name] != true {
		args["text"] = html.EscapeString(text)
	}
	return args
}

// checkText reports a text that cannot be written, by writing it.
func checkText(values vips.Args) error {
	text, ok := values["text"].(string)
	if !ok {
		return nil // which is a fault of its own
	}
	if err := Writable(text); err != nil {
		return ops.Invalid("text", "%v", err)
	}
	out, err := vips.Call("text", vips.Args{"text": asMarkup(values)["text"]})
	if err != nil {
		return ops.Invalid("text", "cannot be written: %v", err)
	}
	out.Close()
	return nil
}

// Writable reports why a text cannot be written onto a photo: it shows nothing,
// or holds characters that steer and are not seen.
func Writable(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("must have something to write, got only spaces")
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return errors.New("must have characters that can be seen, got the control character " + strconv.QuoteRune(r))
		}
	}
	return nil
}
