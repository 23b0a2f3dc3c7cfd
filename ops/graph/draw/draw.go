// Package draw draws a pipeline: as text for Graphviz or Mermaid, or as an SVG
// picture by itself. It knows only boxes and arrows.
package draw

import (
	"fmt"
	"io"
	"strings"
)

// Kind is what a box stands for.
type Kind int

const (
	Photo  Kind = iota // as it arrives
	Step               // runs always
	Choice             // runs where its condition holds
	Output             // a file
	Idle               // nothing reads it
)

// Box is one thing in a drawing.
type Box struct {
	Kind   Kind
	Lines  []string // the first is its name
	Inputs []int    // boxes that arrows come from; they stand before it
}

// fills are the colours of the kinds.
var fills = map[Kind]string{Photo: "#fff3d6", Step: "#e3ecf7", Choice: "#e9e3f7", Output: "#e2f2e4", Idle: "#eeeeee"}

// Dot writes the boxes for Graphviz.
func Dot(w io.Writer, title string, boxes []Box) error {
	p := &printer{w: w}
	p.line("digraph %s {", quoted(title))
	p.line("  rankdir=TB; node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"]; edge [color=\"#555555\"];")
	for i, b := range boxes {
		p.line("  n%d [label=%s, fillcolor=%q];", i, quoted(strings.Join(b.Lines, "\n")), fills[b.Kind])
	}
	p.arrows(boxes, "  n%d -> n%d;")
	p.line("}")
	return p.err
}

// quoted is a text in Graphviz's quotes.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// Mermaid writes the boxes for Mermaid, which GitHub draws in Markdown.
func Mermaid(w io.Writer, boxes []Box) error {
	p := &printer{w: w}
	escape := strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;", "#", "&#35;")
	p.line("flowchart TD")
	for i, b := range boxes {
		lines := make([]string, len(b.Lines))
		for j, l := range b.Lines {
			lines[j] = escape.Replace(l)
		}
		p.line("  n%d(\"%s\")", i, strings.Join(lines, "<br/>"))
		p.line("  style n%d fill:%s,stroke:#888888,color:#222222", i, fills[b.Kind])
	}
	p.arrows(boxes, "  n%d --> n%d")
	return p.err
}

// printer writes lines and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) arrows(boxes []Box, format string) {
	for i, b := range boxes {
		for _, from := range b.Inputs {
			p.line(format, from, i)
		}
	}
}
