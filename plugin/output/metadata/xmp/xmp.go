// Package xmp edits XMP packets as text: properties are cut out or added, and
// all else keeps its bytes. It knows nothing of the files that packets lie in.
package xmp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Namespaces that Burnish looks at.
const (
	RDF  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	TIFF = "http://ns.adobe.com/tiff/1.0/"
	EXIF = "http://ns.adobe.com/exif/1.0/"
	DC   = "http://purl.org/dc/elements/1.1/"
	Base = "http://ns.adobe.com/xap/1.0/"
	Note = "http://ns.adobe.com/xmp/note/"
)

// Property is a top-level property of a packet. Value is its text, "" where it
// is a structure.
type Property struct {
	Space, Name, Value string

	cut, value span
}

type span struct{ from, to int }

// Packet is a well-formed XMP packet.
type Packet struct {
	data       []byte
	properties []Property
	members    map[int][]int // of nodes by their owner; nil until they are asked for
	nodes      []node        // elements and attributes inside the properties, at any depth
	about      string        // what the descriptions are about
	end        int           // where a further description goes
	prefix     string        // of RDF's names
}

var errPacket = errors.New("not XMP: it holds no rdf:RDF")

// ErrLimit is a packet that may be sound, but is larger than is read.
var ErrLimit = errors.New("XMP over a limit")

// A packet of a few kB can unfold to millions of elements, which take a hundred
// times their bytes once they are parsed. Editors' histories come to thousands.
const (
	maxTags       = 1 << 19 // start and end tags
	maxAttributes = 1 << 18
	maxDepth      = 256
)

// Parse reads a packet, with or without its wrapper. One of very many parts, or
// that is nested very deep, is an [ErrLimit] that says how many.
func Parse(data []byte) (*Packet, error) {
	p := &Packet{data: bytes.TrimRight(data, "\x00")}
	if n := bytes.Count(p.data, []byte{'<'}); n > maxTags {
		return nil, fmt.Errorf("%w: must have at most %d tags, got %d", ErrLimit, maxTags, n)
	}
	if n := bytes.Count(p.data, []byte{'='}); n > maxAttributes {
		return nil, fmt.Errorf("%w: must have at most %d attributes, got %d", ErrLimit, maxAttributes, n)
	}
	r := reader{packet: p, decoder: xml.NewDecoder(bytes.NewReader(p.data))}
	if err := r.read(); errors.Is(err, ErrLimit) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("malformed XMP: %w", err)
	}
	if p.end == 0 {
		return nil, errPacket
	}
	return p, nil
}

// Bytes is the packet as text.
func (p *Packet) Bytes() []byte { return p.data }

// Properties lists the top-level properties.
func (p *Packet) Properties() []Property { return p.properties }

// Keep removes the properties that keep does not want.
func (p *Packet) Keep(keep func(Property) bool) error {
	var cuts []edit
	for _, q := range p.properties {
		if !keep(q) {
			cuts = append(cuts, edit{span: q.cut})
		}
	}
	return p.apply(cuts)
}

// KeepFields removes the fields of structures, at any depth inside properties,
// that keep does not want.
func (p *Packet) KeepFields(keep func(Property) bool) error {
	var cuts []edit
	for _, n := range p.nodes {
		if n.space != RDF && !keep(Property{Space: n.space, Name: n.name}) {
			cuts = append(cuts, edit{span: n.cut})
		}
	}
	return p.apply(cuts)
}

// Set changes the text of a property where the packet has it.
func (p *Packet) Set(space, name, value string) error {
	var edits []edit
	for _, q := range p.properties {
		if q.Space == space && q.Name == name && q.value.to > q.value.from {
			edits = append(edits, edit{span: q.value, text: value})
		}
	}
	return p.apply(edits)
}

// Add puts properties of one namespace in.
func (p *Packet) Add(space, prefix string, names, values []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<%sDescription %sabout="%s" xmlns:%s="%s"`, p.prefix, p.prefix, escape(p.about), prefix, escape(space))
	for i, name := range names {
		fmt.Fprintf(&b, ` %s:%s="%s"`, prefix, name, escape(values[i]))
	}
	b.WriteString("/>\n")
	return p.apply([]edit{{span{p.end, p.end}, b.String()}})
}

// New is a packet without properties.
func New() *Packet {
	p, err := Parse([]byte("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"" + RDF + "\">\n" +
		"</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>"))
	if err != nil {
		panic(err) // a constant
	}
	return p
}

func escape(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}

type edit struct {
	span
	text string
}

func (p *Packet) apply(edits []edit) error {
	if len(edits) == 0 {
		return nil
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, e := range edits {
		if e.from < at {
			continue // inside one that went already
		}
		out = append(append(out, p.data[at:e.from]...), e.text...)
		at = e.to
	}
	next, err := Parse(append(out, p.data[at:]...))
	if err != nil {
		return err
	}
	*p = *next
	return nil
}

// Trimmed is the packet without the room that its wrapper keeps for edits in
// place.
func (p *Packet) Trimmed() []byte {
	i := bytes.LastIndex(p.data, []byte("<?xpacket end"))
	if i < 0 {
		return p.data
	}
	return append(append(bytes.TrimRight(p.data[:i:i], " \t\r\n"), '\n'), p.data[i:]...)
}
