package api

import (
	"errors"
	"net/http"

	"github.com/burnish-photo/burnish/plugin"
)

// Problem is an error on the wire, as RFC 9457 has it. Of a photo's failure it
// holds every part on its own.
type Problem struct {
	Status int    `json:"status"`          // of HTTP
	Title  string `json:"title,omitempty"` // what the status means
	Detail string `json:"detail"`          // the whole message, in one line

	Path        string      `json:"path,omitempty"` // of the photo
	Kind        plugin.Kind `json:"kind,omitempty"`
	Reason      string      `json:"reason,omitempty"` // what is wrong
	Hint        string      `json:"hint,omitempty"`   // what to do about it
	Quarantined bool        `json:"quarantined,omitempty"`
	Own         bool        `json:"own,omitempty"` // as of [plugin.Error]
}

// Error is the whole message.
func (p *Problem) Error() string { return p.Detail }

// Refused is a question that does not say what it must.
func Refused(detail string) *Problem { return &Problem{Status: http.StatusBadRequest, Detail: detail} }

// Busy is a question that may be asked again later.
func Busy(detail, hint string) *Problem {
	return &Problem{Status: http.StatusConflict, Detail: detail, Hint: hint}
}

// NewProblem is err as it crosses the wire.
func NewProblem(err error) *Problem { return problemOf(err) }

func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	p = &Problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	var failure *plugin.Error
	if errors.As(err, &failure) {
		p.Path, p.Kind, p.Hint, p.Quarantined, p.Own = failure.Path, failure.Kind, failure.Hint, failure.Quarantined, failure.Own
		if failure.Err != nil {
			p.Reason = failure.Err.Error()
		}
	}
	return p
}

// Err is the error that the problem stands for.
func (p *Problem) Err() error {
	if p == nil {
		return nil
	}
	if p.Kind == "" {
		return p
	}
	return &plugin.Error{Path: p.Path, Kind: p.Kind, Err: errors.New(p.Reason), Hint: p.Hint, Quarantined: p.Quarantined, Own: p.Own}
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	sent := *p
	sent.Title = http.StatusText(p.Status)
	body, err := Marshal(&sent)
	if err != nil {
		body = []byte("{}") // the fields are plain ones
	}
	write(w, p.Status, "application/problem+json", body)
}
