package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// File is what an ONNX file says, without a session.
type File struct {
	Inputs    []Port
	Outputs   []Port
	Metadata  map[string]string
	Producer  string
	Opset     int64            // of ONNX's own operators
	Domains   map[string]int64 // of other operators
	Operators map[string]int   // how many nodes of each; those of other domains as DOMAIN::NAME
	Weights   int64            // numbers in them
	Bytes     int              // with weights that lie beside the file
	SHA256    string           // of those
}

// Port is an input or output of a file.
type Port struct {
	Name string
	Elem Elem
	Dims []int64 // a free dimension is 0
	text string
}

// String is the name with the type and shape, for people.
func (p Port) String() string { return p.text }

// Number reports whether it can be one number.
func (p Port) Number() bool { return value{p.Name, p.Elem, p.Dims}.single() }

// Image reports whether it may hold images, by its type and dimensions alone.
func (p Port) Image() bool { return p.Elem.isImage() && len(p.Dims) == 4 }

// Describe reads what a file says of itself; name is for messages.
func Describe(name string, data []byte) (File, error) {
	g, err := readGraph(data)
	if err != nil {
		return File{}, fmt.Errorf("model %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	f := File{
		Metadata: g.metadata, Domains: map[string]int64{}, Operators: map[string]int{},
		Bytes: len(data), SHA256: hex.EncodeToString(sum[:]), Inputs: ports(g.inputs), Outputs: ports(g.outputs),
	}
	return f, fields(data, func(m field) error {
		switch m.number {
		case modelProducer:
			f.Producer = string(m.body)
		case modelOpset:
			return f.readOpset(m.body)
		case modelGraph:
			return fields(m.body, f.readGraphField)
		}
		return nil
	})
}

func ports(all []value) (ports []Port) {
	for _, v := range all {
		ports = append(ports, Port{v.name, v.elem, v.dims, v.String()})
	}
	return ports
}

func (f *File) readOpset(body []byte) error {
	var domain string
	var version int64
	err := fields(body, func(m field) error {
		switch m.number {
		case opsetDomain:
			domain = string(m.body)
		case opsetVersion:
			version = int64(m.n)
		}
		return nil
	})
	if slices.Contains(ownDomains, domain) {
		f.Opset = version
	} else {
		f.Domains[domain] = version
	}
	return err
}

// ownDomains are the names of ONNX's own operators' domain.
var ownDomains = []string{"", "ai.onnx"}

func (f *File) readGraphField(m field) error {
	switch m.number {
	case graphNode:
		var op, domain string
		err := fields(m.body, func(n field) error {
			switch n.number {
			case nodeOp:
				op = string(n.body)
			case nodeDomain:
				domain = string(n.body)
			}
			return nil
		})
		if !slices.Contains(ownDomains, domain) {
			op = domain + "::" + op
		}
		f.Operators[op]++
		return err
	case graphInitializer:
		count := int64(1)
		err := fields(m.body, func(t field) error {
			return eachNumber(t, tensorDims, func(n int64) { count *= max(n, 0) })
		})
		f.Weights += max(count, 0)
		return err
	}
	return nil
}
