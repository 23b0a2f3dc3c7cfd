package vips

// Step is one operation of a [Chain].
type Step struct {
	op   string
	args Args

	field string // metadata that is set instead, to blob
	blob  []byte
}

// Op is a step that calls an operation, as [Image.Do] does.
func Op(op string, args Args) Step { return Step{op: op, args: args} }

// SetBlob is a step that sets a metadata field, as [Image.WithBlob] does.
func SetBlob(field string, data []byte) Step { return Step{field: field, blob: data} }

// Chain applies the steps to p one after the other. p stays the caller's, and
// so becomes the image that comes back; without steps it is p's pixels again.
func Chain(p *Image, steps ...Step) (*Image, error) {
	current := p.Ref()
	for _, s := range steps {
		next, err := s.apply(current)
		current.Close()
		if err != nil {
			return nil, err
		}
		current = next
	}
	return current, nil
}

func (s Step) apply(p *Image) (*Image, error) {
	if s.field != "" {
		return p.WithBlob(s.field, s.blob)
	}
	return p.Do(s.op, s.args)
}
