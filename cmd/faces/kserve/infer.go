package kserve

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/plugin"
)

// result is an answer in JSON.
type result struct {
	Model      string            `json:"model_name"`
	Version    string            `json:"model_version"`
	ID         string            `json:"id,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"` // what was noted of a single photo
	Outputs    []outputTensor    `json:"outputs"`
}

type outputTensor struct {
	tensorInfo
	Parameters map[string]any `json:"parameters"`
	Data       []string       `json:"data,omitempty"` // base64
}

// infer answers a request with what the pipeline makes of its photos, one after
// the other.
func (f *Face) infer(w http.ResponseWriter, r *http.Request) error {
	p, err := f.model(r)
	if err != nil {
		return err
	}
	memory := &held{all: &f.held}
	defer memory.release()
	q, rest, err := readRequest(w, r, memory)
	if err != nil {
		return err
	}
	tensor, n, err := q.input()
	if err != nil {
		return err
	}
	places, inBinary, err := q.wanted(p)
	if err != nil {
		return err
	}
	batch := &batch{face: f, pipeline: p, places: places, files: make([][]plugin.Output, len(places))}
	defer batch.close()
	photos := tensor.photos(rest)
	for range n {
		photo, err := photos.take()
		if err == nil {
			err = batch.process(r, photo)
		}
		if err != nil {
			return err
		}
	}
	if err := photos.end(); err != nil {
		return err
	}
	return batch.answer(w, q.ID, tensor.Shape, inBinary, memory)
}

// batch are the photos of a request, and what is made of them.
type batch struct {
	face     *Face
	pipeline Pipeline
	places   []int
	photos   []*intake.Photo
	files    [][]plugin.Output // by the place in places
	notes    map[string]string // of the last photo
}

func (b *batch) close() {
	for _, p := range b.photos {
		p.Close()
	}
}

func (b *batch) process(r *http.Request, body io.Reader) error {
	photo, err := b.face.intake.Take(r.Context(), body, "")
	if err != nil {
		return err
	}
	b.photos = append(b.photos, photo)
	made, err := photo.Process(r.Context(), plugin.Job{Pipeline: b.pipeline.Name, Only: b.places})
	photo.Yield()
	if err != nil {
		return err
	}
	for i, place := range b.places {
		at := slices.IndexFunc(made.Outputs, func(o plugin.Output) bool { return o.Index == place })
		if at < 0 {
			return refused(http.StatusUnprocessableEntity, "the model %s makes no output %s of this photo: %s", b.pipeline.Name, b.pipeline.tensor(place), made.Reason)
		}
		b.files[i] = append(b.files[i], made.Outputs[at])
	}
	b.notes = map[string]string{}
	for _, key := range []string{"model", "device", "left_alone"} {
		if text := made.Notes[key]; text != "" {
			b.notes[key] = text
		}
	}
	return nil
}

func (b *batch) answer(w http.ResponseWriter, id string, shape []int, inBinary []bool, memory *held) error {
	a := result{Model: b.pipeline.Name, Version: modelVersion, ID: id}
	if len(b.photos) == 1 {
		a.Parameters = b.notes
	}
	inJSON, binaries := int64(0), int64(0)
	for i, place := range b.places {
		t := outputTensor{tensorInfo: tensorInfo{b.pipeline.tensor(place), bytesType, shape}, Parameters: map[string]any{}}
		size := int64(0)
		for _, f := range b.files[i] {
			if f.Size > math.MaxUint32 {
				return refused(http.StatusRequestEntityTooLarge, "what the model makes has %d bytes, more than an element may have", f.Size)
			}
			size += f.Size + 4
		}
		if inBinary[i] {
			t.Parameters["binary_data_size"] = size
			binaries += size
		} else {
			t.Parameters["content_type"] = "base64"
			inJSON += size
		}
		a.Outputs = append(a.Outputs, t)
	}
	if inJSON > maxJSON*3/4 {
		return refused(http.StatusRequestEntityTooLarge, "what the model makes is larger than the %d bytes that an answer in JSON may have: ask for binary_data", maxJSON)
	}
	if err := memory.take(inJSON); err != nil {
		return err
	}
	for i := range a.Outputs {
		if inBinary[i] {
			continue
		}
		for _, f := range b.files[i] {
			data, err := os.ReadFile(f.Path)
			if err != nil {
				return err
			}
			a.Outputs[i].Data = append(a.Outputs[i].Data, base64.StdEncoding.EncodeToString(data))
		}
	}
	if binaries == 0 {
		return answer(w, http.StatusOK, a)
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set(headerLength, strconv.Itoa(len(text)))
	w.Header().Set("Content-Length", strconv.FormatInt(int64(len(text))+binaries, 10))
	w = intake.Answer(w)
	_, _ = w.Write(text) // the caller may be gone
	for i := range a.Outputs {
		if inBinary[i] {
			b.send(w, i)
		}
	}
	return nil
}

// send writes the elements of a tensor, each after its length.
func (b *batch) send(w io.Writer, i int) {
	for _, f := range b.files[i] {
		if copyFile(w, f) != nil {
			panic(http.ErrAbortHandler) // the answer has begun: its end tells that it is cut off
		}
	}
}

func copyFile(w io.Writer, o plugin.Output) error {
	f, err := os.Open(o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, uint32(o.Size))); err != nil {
		return err
	}
	n, err := io.Copy(w, f)
	if err == nil && n != o.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}
