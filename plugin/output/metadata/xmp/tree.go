package xmp

import (
	"bytes"
	"slices"
	"strings"
)

// node is an element or an attribute inside a property.
type node struct {
	space, name string
	parent      int // the element that it stands in; -1: the property's own
	cut, value  span
}

// Struct is a structure inside a property, such as the area of a region in a
// list. It is of the packet as it is before the next edit.
type Struct struct {
	packet *Packet
	id     int
}

// Structs are the structures of that name, in the order in which they stand.
func (p *Packet) Structs(space, name string) (all []Struct) {
	for id, n := range p.nodes {
		if n.space == space && n.name == name {
			all = append(all, Struct{p, id})
		}
	}
	return all
}

// Text is the structure's own text, where it holds nothing else.
func (s Struct) Text() string {
	v := s.packet.nodes[s.id].value
	text := s.packet.data[v.from:v.to]
	if bytes.IndexByte(text, '<') >= 0 {
		return ""
	}
	return strings.TrimSpace(unescape(text))
}

// Field is a member of the structure, an attribute or an element of it or of the
// rdf:Description that stands for it.
func (s Struct) Field(space, name string) (Struct, bool) {
	p := s.packet
	if p.members == nil {
		p.members = map[int][]int{}
		for id, n := range p.nodes {
			owner := p.owner(n.parent)
			p.members[owner] = append(p.members[owner], id)
		}
	}
	for _, id := range p.members[s.id] {
		if n := p.nodes[id]; n.space == space && n.name == name {
			return Struct{p, id}, true
		}
	}
	return Struct{}, false
}

// owner is the element, but for an rdf:Description, that an element is or stands
// in.
func (p *Packet) owner(id int) int {
	for id >= 0 && p.nodes[id].space == RDF && p.nodes[id].name == "Description" {
		id = p.nodes[id].parent
	}
	return id
}

// Edits are changes of a packet, made all at once.
type Edits struct {
	packet *Packet
	list   []edit
}

// Edit begins changes.
func (p *Packet) Edit() *Edits { return &Edits{packet: p} }

// Set changes the text of a structure.
func (e *Edits) Set(s Struct, text string) {
	e.list = append(e.list, edit{e.packet.nodes[s.id].value, escape(text)})
}

// CutItem removes the item of a list that a structure stands in, or the
// structure itself where it is in none.
func (e *Edits) CutItem(s Struct) {
	nodes := e.packet.nodes
	for id := s.id; id >= 0; id = nodes[id].parent {
		if nodes[id].space == RDF && nodes[id].name == "li" {
			e.list = append(e.list, edit{span: nodes[id].cut})
			return
		}
	}
	e.list = append(e.list, edit{span: nodes[s.id].cut})
}

// Apply makes the changes. What lies inside of what is removed goes with it.
func (e *Edits) Apply() error {
	slices.SortStableFunc(e.list, func(a, b edit) int { return a.from - b.from })
	return e.packet.apply(e.list)
}
