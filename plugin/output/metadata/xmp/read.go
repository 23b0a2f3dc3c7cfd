package xmp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// reader finds the properties of a packet: attributes and children of the
// rdf:Description elements right below rdf:RDF.
type reader struct {
	packet  *Packet
	decoder *xml.Decoder
	depth   int // of elements
	rdf     int // depth of rdf:RDF, 0 before it
	item    int // depth of the rdf:Description, 0 outside
	open    *Property
	text    span  // of the open property's content
	plain   bool  // the open property holds text alone
	inside  []int // nodes that are open inside it, from the outermost
}

func (r *reader) read() error {
	for {
		from := int(r.decoder.InputOffset())
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := int(r.decoder.InputOffset())
		switch t := token.(type) {
		case xml.StartElement:
			if r.depth++; r.depth > maxDepth {
				return fmt.Errorf("%w: must be nested at most %d deep, got %d or more", ErrLimit, maxDepth, r.depth)
			}
			r.start(t, span{from, to})
		case xml.EndElement:
			r.end(t, span{from, to})
			r.depth--
		}
	}
}

func (r *reader) start(t xml.StartElement, at span) {
	switch {
	case r.rdf == 0 && t.Name.Space == RDF && t.Name.Local == "RDF":
		r.rdf = r.depth
	case r.rdf > 0 && r.depth == r.rdf+1 && t.Name.Space == RDF && t.Name.Local == "Description":
		r.item = r.depth
		r.attributes(t, at, &r.packet.properties)
	case r.item > 0 && r.depth == r.item+1:
		r.fields(t, at, -1)
		r.open = &Property{Space: t.Name.Space, Name: t.Name.Local, cut: span{at.from, 0}}
		r.text, r.plain = span{at.to, at.to}, true
	case r.open != nil:
		r.plain = false
		parent := -1
		if len(r.inside) > 0 {
			parent = r.inside[len(r.inside)-1]
		}
		id := len(r.packet.nodes)
		r.inside = append(r.inside, id)
		r.packet.nodes = append(r.packet.nodes, node{space: t.Name.Space, name: t.Name.Local, parent: parent, cut: span{at.from, 0}, value: span{at.to, at.to}})
		r.fields(t, at, id)
	}
}

func (r *reader) end(t xml.EndElement, at span) {
	switch {
	case r.open != nil && r.depth == r.item+1:
		q := r.open
		q.cut.to = at.to
		if at.from > r.text.from && r.plain {
			q.value = span{r.text.from, at.from}
			q.Value = unescape(r.packet.data[q.value.from:q.value.to])
		}
		r.packet.properties = append(r.packet.properties, *q)
		r.open = nil
	case len(r.inside) > 0:
		n := &r.packet.nodes[r.inside[len(r.inside)-1]]
		r.inside = r.inside[:len(r.inside)-1]
		n.cut.to, n.value.to = at.to, max(at.from, n.value.from)
	case r.depth == r.item:
		r.item = 0
	case r.depth == r.rdf && t.Name.Space == RDF && at.to > at.from:
		r.packet.end = at.from
		name := strings.TrimSpace(strings.Trim(string(r.packet.data[at.from:at.to]), "</>"))
		prefix, _, named := strings.Cut(name, ":")
		if named {
			r.packet.prefix = prefix + ":"
		}
	}
}

// attributes reads the properties that a tag holds.
func (r *reader) attributes(t xml.StartElement, at span, into *[]Property) {
	tag := r.packet.data[at.from:at.to]
	places := attributesOf(tag)
	if len(places) != len(t.Attr) {
		return
	}
	for i, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" || a.Name.Local == "xmlns" || a.Name.Space == "xml":
		case a.Name.Space == RDF:
			if a.Name.Local == "about" && r.packet.about == "" {
				r.packet.about = a.Value
			}
		default:
			*into = append(*into, Property{
				Space: a.Name.Space, Name: a.Name.Local, Value: a.Value,
				cut:   span{at.from + places[i].whole.from, at.from + places[i].whole.to},
				value: span{at.from + places[i].value.from, at.from + places[i].value.to},
			})
		}
	}
}

// fields are the attributes of a tag inside a property.
func (r *reader) fields(t xml.StartElement, at span, parent int) {
	var found []Property
	r.attributes(t, at, &found)
	for _, q := range found {
		r.packet.nodes = append(r.packet.nodes, node{space: q.Space, name: q.Name, parent: parent, cut: q.cut, value: q.value})
	}
}

// place is where an attribute stands in its tag, the space before it included.
type place struct{ whole, value span }

func attributesOf(tag []byte) (places []place) {
	at := bytes.IndexAny(tag, " \t\r\n")
	for at >= 0 {
		equals := bytes.IndexByte(tag[at:], '=')
		if equals < 0 {
			return places
		}
		quote := at + equals + 1
		for quote < len(tag) && strings.IndexByte(" \t\r\n", tag[quote]) >= 0 {
			quote++
		}
		if quote >= len(tag) {
			return nil
		}
		length := bytes.IndexByte(tag[quote+1:], tag[quote])
		if length < 0 {
			return nil
		}
		end := quote + 1 + length
		places = append(places, place{span{at, end + 1}, span{quote + 1, end}})
		at = end + 1
	}
	return places
}

func unescape(data []byte) string {
	var text struct {
		Value string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte("<a>"+string(data)+"</a>"), &text); err != nil {
		return string(data)
	}
	return text.Value
}
