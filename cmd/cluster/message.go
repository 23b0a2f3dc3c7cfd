package cluster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// Bounds of what a peer may say.
const (
	MostMessage = 256 << 10 // bytes of a job or a result
	mostOutputs = 1000
	mostNotes   = 200
	mostText    = 4 << 10 // of a note or a reason
	mostModels  = 100
	mostParcel  = 512 << 10
	MostModel   = 4 << 30 // bytes
	MostOutput  = 8 << 30 // bytes
	MostPhoto   = 8 << 30 // bytes
)

// Job asks for the outputs of a photo.
type Job struct {
	Protocol int    `json:"protocol"`
	Version  string `json:"version"` // of the owner's Burnish
	Owner    string `json:"owner"`
	Epoch    uint64 `json:"epoch"` // the fencing token: rises with each start of the owner
	ID       string `json:"id"`
	Try      int    `json:"try"`

	Content  string             `json:"content"` // SHA-256 of the photo, which names its object
	Size     int64              `json:"size"`
	Parcel   string             `json:"parcel"` // SHA-256 of the parcel
	Pipeline string             `json:"pipeline"`
	Build    string             `json:"build"` // that the worker has to come to with the parcel
	Only     []int              `json:"only,omitempty"`
	Limits   plugin.PhotoLimits `json:"limits,omitzero"`
	Alone    bool               `json:"alone,omitempty"` // nothing else may be under way with the worker
	Avoid    []string           `json:"avoid,omitempty"` // workers that have failed with it
}

// Answer is what became of a job with a worker.
type Answer struct {
	Protocol int    `json:"protocol"`
	Owner    string `json:"owner"`
	Epoch    uint64 `json:"epoch"`
	ID       string `json:"id"`
	Try      int    `json:"try"`
	Worker   string `json:"worker"`

	Content string            `json:"content"`
	Build   string            `json:"build"`
	Outputs []Output          `json:"outputs,omitempty"`
	Notes   map[string]string `json:"notes,omitempty"`
	Seconds float64           `json:"seconds,omitempty"`

	Failure *Failure `json:"failure,omitempty"`
	Suspect bool     `json:"suspect,omitempty"` // the worker's process died with it and others
	Refused string   `json:"refused,omitempty"` // why the worker does not do such jobs
}

// Output is one file of an answer.
type Output struct {
	Object string `json:"object"`
	Name   string `json:"name"` // at the worker, as notes speak of it
	Index  int    `json:"index"`
	Page   int    `json:"page,omitempty"`
	Format string `json:"format"`
	Size   int64  `json:"size"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Hash   string `json:"hash"`
}

// Failure is how a photo failed with a worker.
type Failure struct {
	Kind   plugin.Kind `json:"kind"`
	Reason string      `json:"reason"`
	Hint   string      `json:"hint,omitempty"`
}

// Parcel is what a worker compiles a pipeline from.
type Parcel struct {
	Text   string  `json:"text"` // YAML: version, pipelines, fragments, limits
	Models []Model `json:"models,omitempty"`
}

// Model is a file beside the pipeline, by its name in restore.models.
type Model struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// Sign is a worker's sign of life.
type Sign struct {
	Protocol int               `json:"protocol"`
	ID       string            `json:"id"`
	Version  string            `json:"version"`
	GPU      bool              `json:"gpu,omitempty"`
	Memory   int64             `json:"memory,omitempty"`
	Devices  []string          `json:"devices,omitempty"` // as its engines describe them
	Places   int               `json:"places"`
	Jobs     []string          `json:"jobs,omitempty"` // under way
	Done     int64             `json:"done"`
	Failed   int64             `json:"failed,omitempty"`
	Rate     float64           `json:"rate,omitempty"`    // photos a minute of late
	Refuses  map[string]string `json:"refuses,omitempty"` // why, by owner
	Started  time.Time         `json:"started"`
}

var (
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	tokenForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	fileForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// IsToken reports whether a text may be a part of a subject.
func IsToken(s string) bool { return tokenForm.MatchString(s) }

// IsDigest reports whether a text is a SHA-256, hexadecimal.
func IsDigest(s string) bool { return digestForm.MatchString(s) }

// Encode is a message for the wire.
func Encode(v any) ([]byte, error) { return json.Marshal(v) }

// decode reads one value strictly.
func decode(data []byte, most int, v any) error {
	if len(data) > most {
		return fmt.Errorf("must be at most %d bytes, got %d", most, len(data))
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("must be one message, got more")
	}
	return nil
}

// DecodeJob reads a job, and checks all of it.
func DecodeJob(data []byte) (j Job, err error) {
	if err := decode(data, MostMessage, &j); err != nil {
		return j, fmt.Errorf("a job: %w", err)
	}
	switch {
	case j.Protocol != Protocol:
		return j, fmt.Errorf("a job: protocol must be %d, got %d: run the same release of Burnish on both sides", Protocol, j.Protocol)
	case !IsToken(j.Owner) || !IsToken(j.ID) || !IsDigest(j.Content) || !IsDigest(j.Parcel) || !IsDigest(j.Build):
		err = errors.New("its names are malformed")
	case j.Size <= 0 || j.Size > MostPhoto || j.Try < 1 || len(j.Only) > mostOutputs || len(j.Avoid) > 100 || len(j.Pipeline) > 200 || len(j.Version) > 200:
		err = errors.New("its figures are out of bounds")
	case slices.ContainsFunc(j.Only, func(i int) bool { return i < 0 || i >= mostOutputs }):
		err = errors.New("an output is out of bounds")
	}
	if err != nil {
		err = fmt.Errorf("a job: %w", err)
	}
	return j, err
}

// failures are the kinds that a worker may tell of: the others are of an owner's
// own folders.
var failures = []plugin.Kind{plugin.NotImage, plugin.Unsupported, plugin.Damaged, plugin.TooLarge, plugin.Unfit, plugin.StepFailed, plugin.Crashed, plugin.Starved}

// DecodeAnswer reads a result, and checks all of it but what its job decides.
func DecodeAnswer(data []byte) (a Answer, err error) {
	if err := decode(data, MostMessage, &a); err != nil {
		return a, fmt.Errorf("a result: %w", err)
	}
	bad := func(o Output) bool {
		return o.Index < 0 || o.Index >= mostOutputs || o.Page < 0 || o.Page > 1<<20 || o.Size <= 0 || o.Size > MostOutput || o.Width <= 0 || o.Height <= 0 ||
			!IsDigest(o.Hash) || len(o.Name) > 255 || len(o.Object) > 300 || len(o.Format) > 20
	}
	long := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(s string) bool { return len(s) > mostText })
	}
	switch {
	case a.Protocol != Protocol:
		err = fmt.Errorf("protocol must be %d, got %d", Protocol, a.Protocol)
	case !IsToken(a.Owner) || !IsToken(a.ID) || !IsToken(a.Worker):
		err = errors.New("its names are malformed")
	case len(a.Outputs) > mostOutputs || slices.ContainsFunc(a.Outputs, bad):
		err = errors.New("its outputs are out of bounds")
	case len(a.Notes) > mostNotes || long(a.Refused):
		err = errors.New("it says too much")
	case a.Failure != nil && (!slices.Contains(failures, a.Failure.Kind) || long(a.Failure.Reason, a.Failure.Hint)):
		err = fmt.Errorf("its failure is of the kind %.40q, which a worker does not tell of", a.Failure.Kind)
	}
	for key, text := range a.Notes {
		if long(key, text) {
			err = errors.New("it says too much")
		}
	}
	if err != nil {
		err = fmt.Errorf("a result: %w", err)
	}
	return a, err
}

// DecodeParcel reads a parcel, and checks all of it but its text.
func DecodeParcel(data []byte) (p Parcel, err error) {
	if err := decode(data, mostParcel, &p); err != nil {
		return p, fmt.Errorf("a parcel: %w", err)
	}
	if len(p.Models) > mostModels {
		return p, fmt.Errorf("a parcel: must have at most %d models, got %d", mostModels, len(p.Models))
	}
	for _, m := range p.Models {
		if !fileForm.MatchString(m.Name) || !IsDigest(m.Digest) || m.Size <= 0 || m.Size > MostModel {
			return p, fmt.Errorf("a parcel: the model %.40q is malformed", m.Name)
		}
	}
	return p, nil
}

// IsModelFile reports whether a file of that name may travel.
func IsModelFile(name string) bool { return fileForm.MatchString(name) }

// DecodeSign reads a sign of life. One of another release may hold what this one
// does not know.
func DecodeSign(data []byte) (s Sign, err error) {
	if len(data) > MostMessage {
		return s, errors.New("a sign of life: it is too long")
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, err
	}
	if !IsToken(s.ID) || len(s.Jobs) > 10_000 || len(s.Refuses) > 1000 || s.Places < 0 {
		return s, errors.New("a sign of life: it is malformed")
	}
	return s, nil
}

// Bounded is a text that may be part of a message.
func Bounded(s string) string {
	s = strings.ToValidUTF8(s, "?") // as JSON would, with more bytes
	if len(s) > mostText {
		s = strings.ToValidUTF8(s[:mostText], "")
	}
	return s
}

// ModelOf describes a model's file.
func ModelOf(file string) (m Model, err error) {
	m.Name = filepath.Base(file)
	if !fileForm.MatchString(m.Name) {
		return m, fmt.Errorf("%s: the name of a model that travels must be letters, digits, dots, - and _", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer f.Close()
	sum := sha256.New()
	m.Size, err = io.Copy(sum, f)
	m.Digest = hex.EncodeToString(sum.Sum(nil))
	if err == nil && m.Size > MostModel {
		err = fmt.Errorf("%s: a model that travels must be at most %d bytes, got %d", file, int64(MostModel), m.Size)
	}
	return m, err
}
