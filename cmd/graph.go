package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/graph/draw"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type graphCommand struct {
	Config   string `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}; without any, the built-in pipeline photos."`
	Pipeline string `short:"p" help:"Pipeline to draw; required if the file has several."`
	Format   string `enum:"dot,mermaid,svg,png," default:"" help:"dot, mermaid, svg or png; default: by the extension of OUT, else dot."`
	Output   string `short:"o" placeholder:"OUT" help:"Output file; default: standard output."`
}

// Help is shown by burnish graph --help.
func (graphCommand) Help() string {
	return `Fragments are expanded. The graph shows where EXIF orientation is applied.

Examples:
  burnish graph -c burnish.yaml -p photos -o photos.svg
  burnish graph --format mermaid`
}

// Run draws a pipeline.
func (g *graphCommand) Run(h *host) error {
	c, where, err := h.loadFound(g.Config)
	if err != nil {
		return err
	}
	if g.Pipeline, err = choose(g.Pipeline, c, where); err != nil {
		return err
	}
	registry, _ := c.Registry(h.registry) // its faults were told of
	boxes, err := drawing(c, g.Pipeline, registry)
	if err != nil {
		return err
	}
	var picture bytes.Buffer
	if err := g.draw(&picture, boxes); err != nil {
		return err
	}
	if g.Output != "" {
		return os.WriteFile(g.Output, picture.Bytes(), 0o644)
	}
	if g.format() == "png" && logging.IsTerminal(h.out) {
		return fmt.Errorf("refusing to write PNG to a terminal: name a file with -o OUT.png")
	}
	_, err = h.out.Write(picture.Bytes())
	return err
}

func (g *graphCommand) format() string {
	if g.Format != "" {
		return g.Format
	}
	switch ext := strings.TrimPrefix(filepath.Ext(g.Output), "."); ext {
	case "svg", "png":
		return ext
	case "mmd":
		return "mermaid"
	}
	return "dot"
}

func (g *graphCommand) draw(w io.Writer, boxes []draw.Box) error {
	switch g.format() {
	case "mermaid":
		return draw.Mermaid(w, boxes)
	case "svg":
		return draw.SVG(w, boxes)
	case "png":
		var svg bytes.Buffer
		if err := draw.SVG(&svg, boxes); err != nil {
			return err
		}
		png, err := tools.RenderSVG(svg.Bytes())
		if err != nil {
			return fmt.Errorf("%w; --format svg draws without it", err)
		}
		_, err = w.Write(png)
		return err
	}
	return draw.Dot(w, g.Pipeline, boxes)
}

// longest is the number of letters that fit into a box.
const longest = 48

// drawing is a pipeline as boxes, its outputs among them.
func drawing(c *config.Config, pipeline string, reg *ops.Registry) ([]draw.Box, error) {
	p := c.Pipelines[pipeline]
	steps, taps, err := graph.Outline(p.Graph(c.Fragments), reg)
	if err != nil {
		return nil, err
	}
	boxes := make([]draw.Box, 0, len(steps)+len(taps))
	for i, s := range steps {
		b := draw.Box{Kind: draw.Step, Lines: []string{s.Name}, Inputs: s.Inputs}
		if s.Params != "" {
			b.Lines = append(b.Lines, shortened(s.Params))
		}
		switch {
		case i == 0:
			b.Kind = draw.Photo
		case !s.Runs:
			b.Kind = draw.Idle
		case s.When != "":
			b.Kind = draw.Choice
		}
		if s.When != "" {
			b.Lines = append(b.Lines, shortened("when "+s.When))
		}
		boxes = append(boxes, b)
	}
	for i, at := range taps {
		b := draw.Box{Kind: draw.Output, Lines: []string{p.Outputs[i].Path.String()}, Inputs: []int{at}}
		if when := p.Outputs[i].When; when != "" {
			b.Lines = append(b.Lines, shortened("when "+when))
		}
		boxes = append(boxes, b)
	}
	return boxes, nil
}

func shortened(text string) string {
	if r := []rune(text); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return text
}
