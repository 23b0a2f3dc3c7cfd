package draw_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/graph/draw"
)

var boxes = []draw.Box{
	{Kind: draw.Photo, Lines: []string{"photo"}},
	{Kind: draw.Choice, Lines: []string{"heal", `when format == "jpeg" & width > 3`}, Inputs: []int{0}},
	{Kind: draw.Step, Lines: []string{"join"}, Inputs: []int{0, 1}},
	{Kind: draw.Output, Lines: []string{`{stem}\<"x">.jpg`}, Inputs: []int{2}},
}

func TestTexts(t *testing.T) {
	var dot, mermaid strings.Builder
	if err := errors.Join(draw.Dot(&dot, `a "b"`, boxes), draw.Mermaid(&mermaid, boxes)); err != nil {
		t.Fatal(err)
	}
	for text, wants := range map[string][]string{
		dot.String():     {`digraph "a \"b\"" {`, `n1 [label="heal\nwhen format == \"jpeg\" & width > 3"`, "n0 -> n2;", "n1 -> n2;", `{stem}\\<\"x\">.jpg`},
		mermaid.String(): {"flowchart TD", `n1("heal<br/>when format == &quot;jpeg&quot; &amp; width &gt; 3")`, "n2 --> n3"},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s\nlacks %s", text, want)
			}
		}
	}
}

func TestSVGIsWellFormedAndBoxesDoNotOverlap(t *testing.T) {
	var text strings.Builder
	if err := draw.SVG(&text, boxes); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(text.String()))
	arrows, rectangles := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "marker-end" {
					arrows++
				}
				if a.Name.Local == "rx" {
					rectangles++
				}
			}
		}
	}
	if arrows != 4 || rectangles != len(boxes) {
		t.Errorf("%d arrows, %d boxes", arrows, rectangles)
	}
}
