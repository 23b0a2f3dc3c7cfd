// Package wire is what Burnish and a program that is an operator say to each
// other: frames on the program's standard input and output. It knows no image
// library and imports the standard library alone, so that a program in Go can
// use it.
//
// A frame is a line with two decimal numbers, the bytes of a header and the
// bytes of a body; then the header, which is one line of JSON; then the body.
package wire

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Protocol is the version of the protocol. It rises when a program of before
// would misread what it is told.
const Protocol = 1

// The types of messages.
const (
	TypeHello  = "hello"  // from Burnish, first of all
	TypeReady  = "ready"  // the answer to it
	TypePhoto  = "photo"  // from Burnish: a photo begins
	TypeRows   = "rows"   // some rows of it, or of the result
	TypeCancel = "cancel" // from Burnish: the photo is not wanted any more
	TypeResult = "result" // the result begins
	TypeError  = "error"  // the program has no result
)

// The faults that an [Error] names.
const (
	FaultPhoto     = "photo"     // nothing can be made of this photo
	FaultProgram   = "program"   // something that other photos need as well is not in order
	FaultCancelled = "cancelled" // the photo was cancelled
)

// The formats of pixels.
const (
	FormatRaw  = "raw"  // samples, rows from the top, no padding; 16 bits and floats in little-endian order
	FormatPPM  = "ppm"  // binary PGM or PPM: P5 or P6
	FormatPNG  = "png"  //
	FormatTIFF = "tiff" //
)

// Formats lists the formats of pixels.
func Formats() []string { return []string{FormatRaw, FormatPPM, FormatPNG, FormatTIFF} }

// The types of parameters.
const (
	Number  = "number"
	Integer = "integer"
	Boolean = "boolean"
	String  = "string"
)

// Hello is the first message.
type Hello struct {
	Type     string `json:"type"`
	Protocol int    `json:"protocol"`
	Operator string `json:"operator"` // its name in the configuration
}

// Ready describes the program.
type Ready struct {
	Type       string      `json:"type"`
	Protocol   int         `json:"protocol"`
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	Parameters []Parameter `json:"parameters,omitempty"`

	Formats []string `json:"formats,omitempty"` // that it reads; none: raw
	Depths  []int    `json:"depths,omitempty"`  // bits of a sample: 8, 16, or 32 for floats from 0 to 1; none: 8
	Bands   []int    `json:"bands,omitempty"`   // 1 gray, 3 RGB, 4 CMYK, one more with transparency; none: 1 and 3
	Alpha   bool     `json:"alpha,omitempty"`   // it takes transparency as one more band
	Streams bool     `json:"streams,omitempty"` // it takes raw pixels in several messages
	Resizes bool     `json:"resizes,omitempty"` // its results may have another size
}

// Parameter is one parameter of the program.
type Parameter struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Help    string   `json:"help,omitempty"`
	Default any      `json:"default,omitempty"`
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Values  []string `json:"values,omitempty"` // of a string, where not every one is right
}

// Photo begins a photo. Its pixels are the body, or follow in [Rows].
type Photo struct {
	Type       string         `json:"type"`
	ID         int64          `json:"id"`
	Parameters map[string]any `json:"parameters"`
	Layout
	Page   int    `json:"page"` // of the file, from 0
	Source Source `json:"source"`
}

// Layout is how pixels are laid out.
type Layout struct {
	Format string `json:"format"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bands  int    `json:"bands"`
	Depth  int    `json:"depth"`
	Alpha  bool   `json:"alpha"`  // the last band is transparency
	Colour string `json:"colour"` // gray, rgb or cmyk; the profile stays with Burnish
}

// Row is the bytes of a row of raw pixels.
func (l Layout) Row() int { return l.Width * l.Bands * (l.Depth / 8) }

// Source are facts of the file that a photo comes from.
type Source struct {
	Name        string `json:"name"`   // of the file, without its folders
	Format      string `json:"format"` // jpeg, png, …
	Width       int    `json:"width"`  // as stored
	Height      int    `json:"height"`
	Orientation int    `json:"orientation"` // EXIF, 1 to 8
	Taken       string `json:"taken,omitempty"`
}

// Rows are raw pixels from row Y on, in the body.
type Rows struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
	Y    int    `json:"y"`
	Rows int    `json:"rows"`
}

// Cancel ends the interest in a photo. The program answers with what it has
// begun, or with an [Error].
type Cancel struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

// Result begins the answer. Its pixels are the body, or follow in [Rows].
type Result struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
	Layout
}

// Error is an answer without a result.
type Error struct {
	Type    string `json:"type"`
	ID      int64  `json:"id"`
	Fault   string `json:"fault"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// MaxHeader bounds a header, in bytes.
const MaxHeader = 64 << 10

// Frame is a frame whose body has yet to be read.
type Frame struct {
	Type   string
	Header []byte
	Body   int64 // bytes
}

// Decode decodes the header.
func (f Frame) Decode(into any) error {
	if err := json.Unmarshal(f.Header, into); err != nil {
		return fmt.Errorf("header of a %q message: %w", f.Type, err)
	}
	return nil
}

// Read reads a frame up to its body, which the caller reads next. It returns
// [io.EOF] where there is no further frame.
func Read(r *bufio.Reader) (f Frame, err error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return f, io.EOF
	case errors.Is(err, io.EOF):
		return f, io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, bufio.ErrBufferFull):
		return f, err
	}
	header, body, err := lengths(line)
	if err != nil {
		return f, err
	}
	f.Header, f.Body = make([]byte, header), body
	if _, err := io.ReadFull(r, f.Header); err != nil {
		return f, unexpected(err)
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(f.Header, &kind); err != nil {
		return f, fmt.Errorf("the header is not JSON: %w", err)
	}
	f.Type = kind.Type
	return f, nil
}

// longest is the longest line that begins a frame.
const longest = len("65536 9223372036854775807\n")

func lengths(line []byte) (header int, body int64, err error) {
	text := string(line[:min(len(line), longest)])
	wrong := fmt.Errorf("a frame must begin with a line of two numbers, the bytes of its header and of its body, got %q", text)
	first, second, found := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	if !found || !strings.HasSuffix(text, "\n") {
		return 0, 0, wrong
	}
	header, err = strconv.Atoi(first)
	if err != nil {
		return 0, 0, wrong
	}
	body, err = strconv.ParseInt(second, 10, 64)
	if err != nil || header < 2 || body < 0 {
		return 0, 0, wrong
	}
	if header > MaxHeader {
		return 0, 0, fmt.Errorf("a header must be at most %d bytes, got %d", MaxHeader, header)
	}
	return header, body, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write writes a frame up to its body, of that many bytes, which the caller
// writes next.
func Write(w io.Writer, message any, body int64) error {
	header, err := json.Marshal(message)
	if err != nil {
		return err
	}
	header = append(header, '\n')
	_, err = w.Write(append(fmt.Appendf(nil, "%d %d\n", len(header), body), header...))
	return err
}
