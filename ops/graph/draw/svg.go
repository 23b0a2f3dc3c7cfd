package draw

import (
	"html"
	"io"
	"slices"
	"unicode/utf8"
)

// Measures of the picture, in pixels.
const (
	letter  = 7.3 // width, on the average
	leading = 17.0
	padding = 10.0
	across  = 28.0 // between boxes of a row
	down    = 42.0 // between rows
	edge    = 20.0
)

// classes let a page that holds the picture colour it by its own style.
var classes = map[Kind]string{Photo: "photo", Step: "step", Choice: "choice", Output: "output", Idle: "idle"}

// place is where a box stands.
type place struct{ x, y, width, height float64 }

// SVG draws the boxes: each in the row below the lowest that it reads, and as
// near below those as there is room.
func SVG(w io.Writer, boxes []Box) error {
	places, width, height := arrange(boxes)
	p := &printer{w: w}
	p.line(`<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" font-family="DejaVu Sans, sans-serif" font-size="12">`, width, height, width, height)
	p.line(`<rect class="ground" width="100%%" height="100%%" fill="#ffffff"/>`)
	p.line(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 L8 4 L0 8 z" fill="#555555"/></marker></defs>`)
	for i, b := range boxes {
		for n, from := range b.Inputs {
			p.arrow(places[from], places[i], float64(n+1)/float64(len(b.Inputs)+1))
		}
	}
	for i, b := range boxes {
		p.box(b, places[i])
	}
	p.line(`</svg>`)
	return p.err
}

func (p *printer) box(b Box, at place) {
	dash := ""
	if b.Kind == Choice || b.Kind == Idle {
		dash = ` stroke-dasharray="5 3"`
	}
	p.line(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="7" fill="%s" stroke="#888888"%s/>`, classes[b.Kind], at.x, at.y, at.width, at.height, fills[b.Kind], dash)
	for i, l := range b.Lines {
		weight, colour, class := "bold", "#222222", "name"
		if i > 0 {
			weight, colour, class = "normal", "#555555", "detail"
		}
		p.line(`<text class="%s" x="%.1f" y="%.1f" text-anchor="middle" font-weight="%s" fill="%s">%s</text>`,
			class, at.x+at.width/2, at.y+padding+leading*(float64(i)+0.7), weight, colour, html.EscapeString(l))
	}
}

// arrow goes from the foot of a box to the head of another, part of the way
// along it.
func (p *printer) arrow(from, to place, part float64) {
	x1, y1 := from.x+from.width/2, from.y+from.height
	x2, y2 := to.x+to.width*part, to.y
	bend := (y2 - y1) / 2
	p.line(`<path class="arrow" d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f" fill="none" stroke="#555555" marker-end="url(#tip)"/>`, x1, y1, x1, y1+bend, x2, y2-bend, x2, y2)
}

// arrange gives every box a row and a place in it.
func arrange(boxes []Box) (places []place, width, height float64) {
	places = make([]place, len(boxes))
	rows := rowsOf(boxes)
	y := edge
	for _, row := range rows {
		// By the middle of what a box reads, so that arrows cross little.
		middle := map[int]float64{}
		for _, i := range row {
			places[i].width, places[i].height = size(boxes[i])
			for _, from := range boxes[i].Inputs {
				middle[i] += (places[from].x + places[from].width/2) / float64(len(boxes[i].Inputs))
			}
		}
		slices.SortStableFunc(row, func(a, b int) int { return int(middle[a] - middle[b]) })
		x, tallest := edge, 0.0
		for _, i := range row {
			places[i].x = max(x, middle[i]-places[i].width/2)
			places[i].y = y
			x = places[i].x + places[i].width + across
			tallest = max(tallest, places[i].height)
		}
		width = max(width, x-across+edge)
		y += tallest + down
	}
	return places, width, y - down + edge
}

func rowsOf(boxes []Box) [][]int {
	depth := make([]int, len(boxes))
	var rows [][]int
	for i, b := range boxes {
		for _, from := range b.Inputs {
			depth[i] = max(depth[i], depth[from]+1)
		}
		for len(rows) <= depth[i] {
			rows = append(rows, nil)
		}
		rows[depth[i]] = append(rows[depth[i]], i)
	}
	return rows
}

func size(b Box) (width, height float64) {
	for _, l := range b.Lines {
		width = max(width, float64(utf8.RuneCountInString(l))*letter)
	}
	return width + 2*padding, float64(len(b.Lines))*leading + 2*padding
}
