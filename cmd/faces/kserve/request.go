package kserve

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
)

const (
	bytesType    = "BYTES"
	headerLength = "Inference-Header-Content-Length" // of the JSON that stands before binary tensors

	maxHeader = 1 << 20  // bytes of JSON before binary tensors
	maxJSON   = 64 << 20 // bytes of a request or an answer whose photos stand in JSON
	maxBatch  = 8        // photos of a request
	maxValues = 10_000   // values of its JSON, each of which takes memory beside its bytes

	maxHeld = 4 * maxJSON // bytes of requests in JSON that are held in memory at a time
)

// inference is a request in JSON.
type inference struct {
	ID         string         `json:"id"`
	Parameters map[string]any `json:"parameters"`
	Inputs     []inputTensor  `json:"inputs"`
	Outputs    []wantedOutput `json:"outputs"`
}

type inputTensor struct {
	Name       string `json:"name"`
	Datatype   string `json:"datatype"`
	Shape      []int  `json:"shape"`
	Parameters struct {
		BinarySize *int64 `json:"binary_data_size"`
	} `json:"parameters"`
	Data []string `json:"data"` // base64
}

type wantedOutput struct {
	Name       string `json:"name"`
	Parameters struct {
		Binary *bool `json:"binary_data"`
	} `json:"parameters"`
}

// held counts the bytes of requests and answers in JSON, which lie in memory.
type held struct {
	all *atomic.Int64 // of every request
	own int64
}

// take counts n bytes more, unless that is too much.
func (h *held) take(n int64) error {
	h.own += n
	if h.all.Add(n) > maxHeld {
		return &intake.Problem{Status: http.StatusTooManyRequests, RetryAfter: 10 * time.Second, Detail: "the requests under way whose photos stand in JSON hold all of the memory that there is for them: try again later, or send photos by the binary extension"}
	}
	return nil
}

// release gives all back.
func (h *held) release() {
	h.all.Add(-h.own)
	h.own = 0
}

// heldReader counts what is read.
type heldReader struct {
	io.Reader
	held *held
}

func (h heldReader) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if full := h.held.take(int64(n)); full != nil {
		return n, full
	}
	return n, err
}

// readRequest reads the JSON of a request. rest is what follows it.
func readRequest(w http.ResponseWriter, r *http.Request, h *held) (q inference, rest io.Reader, err error) {
	body, most := intake.Body(w, r), int64(maxJSON)
	if length := r.Header.Get(headerLength); length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 2 || n > maxHeader {
			return q, nil, refused(http.StatusBadRequest, "%s must be 2 to %d, got %.40q", headerLength, maxHeader, length)
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(body, text); err != nil {
			return q, nil, refused(http.StatusBadRequest, "the body has less than the %d bytes that %s tells", n, headerLength)
		}
		return q, body, decode(text, &q)
	}
	text, err := io.ReadAll(heldReader{io.LimitReader(body, most+1), h})
	full := (*intake.Problem)(nil)
	switch {
	case errors.As(err, &full):
		return q, nil, full
	case err != nil:
		return q, nil, refused(http.StatusBadRequest, "the body ended early or came too slowly")
	case int64(len(text)) > most:
		return q, nil, refused(http.StatusRequestEntityTooLarge, "a request in JSON must have at most %d bytes: send the photo by the binary extension", most)
	}
	return q, bytes.NewReader(nil), decode(text, &q)
}

func decode(text []byte, q *inference) error {
	if n := values(text); n > maxValues {
		return refused(http.StatusBadRequest, "the JSON of a request must have at most %d values, got %d", maxValues, n)
	}
	if err := json.Unmarshal(text, q); err != nil {
		return refused(http.StatusBadRequest, "the request must be JSON as the protocol has it: %v", err)
	}
	return nil
}

// values is about how many values a JSON has: never fewer than half of them.
func values(text []byte) (n int) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

// input checks the one tensor that a request brings, and returns how many photos
// it holds.
func (q *inference) input() (t *inputTensor, n int, err error) {
	if len(q.Inputs) != 1 || q.Inputs[0].Name != inputName {
		return nil, 0, refused(http.StatusBadRequest, "inputs must be one tensor with the name %s", inputName)
	}
	t, n = &q.Inputs[0], 1
	if t.Datatype != bytesType {
		return nil, 0, refused(http.StatusBadRequest, "the datatype of %s must be %s, got %.40q", inputName, bytesType, t.Datatype)
	}
	for _, side := range t.Shape {
		if side < 1 || side > maxBatch || n*side > maxBatch {
			return nil, 0, refused(http.StatusBadRequest, "the shape of %s must be [1] to [%d], got %v", inputName, maxBatch, t.Shape)
		}
		n *= side
	}
	if len(t.Shape) == 0 {
		return nil, 0, refused(http.StatusBadRequest, "the tensor %s must have a shape, such as [1]", inputName)
	}
	if t.Parameters.BinarySize == nil && len(t.Data) != n {
		return nil, 0, refused(http.StatusBadRequest, "the shape %v asks for %d elements of data, got %d", t.Shape, n, len(t.Data))
	}
	return t, n, nil
}

// photos gives one photo after another.
type photos struct {
	tensor *inputTensor
	rest   *io.LimitedReader // of the binary tensor; nil: the photos stand in data
	next   int
}

func (t *inputTensor) photos(rest io.Reader) *photos {
	p := &photos{tensor: t}
	if t.Parameters.BinarySize != nil {
		p.rest = &io.LimitedReader{R: rest, N: *t.Parameters.BinarySize}
	}
	return p
}

// take is the next photo; it is read before the one after it.
func (p *photos) take() (io.Reader, error) {
	p.next++
	if p.rest == nil {
		photo, err := base64.StdEncoding.DecodeString(p.tensor.Data[p.next-1])
		if err != nil {
			return nil, refused(http.StatusBadRequest, "data must hold photos in base64: use the binary extension for bytes as they are")
		}
		return bytes.NewReader(photo), nil
	}
	var length [4]byte
	if _, err := io.ReadFull(p.rest, length[:]); err != nil {
		return nil, refused(http.StatusBadRequest, "the binary tensor must hold %d elements, each after its length in 4 bytes; it ends at the %d.", p.next, p.next)
	}
	n := int64(binary.LittleEndian.Uint32(length[:]))
	if n > p.rest.N {
		return nil, refused(http.StatusBadRequest, "an element of %d bytes does not fit into the %d bytes that are left of the tensor", n, p.rest.N)
	}
	return &whole{&io.LimitedReader{R: p.rest, N: n}}, nil
}

// end sees that nothing is left over.
func (p *photos) end() error {
	if p.rest != nil && p.rest.N > 0 {
		return refused(http.StatusBadRequest, "the binary tensor holds %d bytes more than its elements", p.rest.N)
	}
	return nil
}

// whole is an element that has to come whole.
type whole struct{ *io.LimitedReader }

func (w *whole) Read(b []byte) (int, error) {
	n, err := w.LimitedReader.Read(b)
	if err == io.EOF && w.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// wanted are the places of the outputs that a request asks for, and whether each
// is answered in binary.
func (q *inference) wanted(p Pipeline) (places []int, inBinary []bool, err error) {
	all, _ := q.Parameters["binary_data_output"].(bool)
	if len(q.Outputs) == 0 {
		return []int{0}, []bool{all}, nil
	}
	for _, o := range q.Outputs {
		at := p.find(o.Name)
		if at < 0 {
			return nil, nil, refused(http.StatusBadRequest, "the model %s has no output %.80q", p.Name, o.Name)
		}
		for _, other := range places {
			if other == at {
				return nil, nil, refused(http.StatusBadRequest, "the output %.80q is asked for twice", o.Name)
			}
		}
		asked := all
		if o.Parameters.Binary != nil {
			asked = *o.Parameters.Binary
		}
		places, inBinary = append(places, at), append(inBinary, asked)
	}
	return places, inBinary, nil
}
