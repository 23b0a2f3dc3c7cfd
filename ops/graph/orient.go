package graph

import (
	"context"
	"regexp"

	"github.com/burnish-photo/burnish/ops"
)

// layout places steps as nodes and puts the turning upright where it belongs:
// right after the first operator that needs the JPEG's grid, or at the source
// for a path without one, and always before geometry.
type layout struct {
	graph   *Graph
	plan    blueprint
	stored  []bool      // per step: it runs on the photo as stored
	nodes   map[int]int // step → the node with its result
	turned  map[int]int // step → the node with its result upright
	asFound map[int]bool
}

func newLayout(b blueprint, g *Graph) *layout {
	l := &layout{graph: g, plan: b, stored: make([]bool, len(b.steps)),
		nodes: map[int]int{source: 0}, turned: map[int]int{}, asFound: map[int]bool{source: true}}
	// A step runs on the stored photo when it leads to an operator that needs
	// the grid, through steps that keep it.
	leads := make([]bool, len(b.steps))
	for i := len(b.steps) - 1; i >= 0; i-- {
		p := b.steps[i]
		onGrid := p.grid == ops.NeedsGrid || (p.grid == ops.KeepsGrid && leads[i])
		l.stored[i] = onGrid
		for _, at := range p.inputs {
			if onGrid && at != source {
				leads[at] = true
			}
		}
	}
	return l
}

// add places step i. Its result is upright unless it only leads to an operator
// that needs the grid.
func (l *layout) add(i int, n node) {
	p := l.plan.steps[i]
	asFound := l.stored[i]
	for _, at := range p.inputs {
		asFound = asFound && l.asFound[at]
	}
	for _, at := range p.inputs {
		if asFound {
			n.inputs = append(n.inputs, l.nodes[at])
		} else {
			n.inputs = append(n.inputs, l.autorotated(at))
		}
	}
	l.nodes[i] = l.append(n)
	l.asFound[i] = asFound
	if asFound && p.grid == ops.NeedsGrid {
		l.nodes[i] = l.autorotated(i)
		l.asFound[i] = false
	}
}

// autorotated is the node with the step's result turned upright.
func (l *layout) autorotated(step int) int {
	if !l.asFound[step] {
		return l.nodes[step]
	}
	if at, ok := l.turned[step]; ok {
		return at
	}
	at := l.append(node{label: "orientation", operator: autorotate{}, step: -1, inputs: []int{l.nodes[step]}})
	l.turned[step] = at
	return at
}

func (l *layout) append(n node) int {
	l.graph.nodes = append(l.graph.nodes, n)
	return len(l.graph.nodes) - 1
}

// autorotate turns a photo as its EXIF orientation says and sets the tag to 1.
type autorotate struct{}

func (autorotate) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	if in[0].Pixels.Orientation() == 1 {
		return in[0].Same(), nil
	}
	frame := in[0].Frame.Turned(in[0].Pixels.Orientation())
	turned, err := in[0].Pixels.Do("autorot", nil)
	if err != nil {
		return ops.Image{}, err
	}
	defer turned.Close()
	tagged, err := turned.WithInt("orientation", 1)
	if err != nil {
		return ops.Image{}, err
	}
	xmp, ok := tagged.Blob(fieldXMP)
	if !ok || !xmpOrientation.Match(xmp) {
		return in[0].With(tagged).At(frame), nil
	}
	defer tagged.Close()
	agreed, err := tagged.WithBlob(fieldXMP, xmpOrientation.ReplaceAll(xmp, []byte("${1}1")))
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(agreed).At(frame), nil
}

// fieldXMP is libvips' name for a photo's XMP.
const fieldXMP = "xmp-data"

// xmpOrientation finds the orientation in XMP, as an attribute or an element;
// some viewers trust it before EXIF.
var xmpOrientation = regexp.MustCompile(`(tiff:Orientation(?:\s*=\s*["']|\s*>\s*))[1-8]`)

// lazy reports whether the photo can stay a stream: nothing is to be turned.
func (autorotate) lazy(in ops.Image) bool { return in.Pixels.Orientation() == 1 }
