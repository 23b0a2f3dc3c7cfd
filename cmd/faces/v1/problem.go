package v1

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/danielgtaylor/huma/v2"
)

// Problem is an error as it is answered (RFC 9457).
type Problem struct {
	Status int    `json:"status" doc:"of HTTP"`
	Title  string `json:"title" doc:"what the status means"`
	Detail string `json:"detail" doc:"what is wrong"`
	Hint   string `json:"hint,omitempty" doc:"what to do about it"`
	Kind   string `json:"kind,omitempty" doc:"of a photo's failure, such as not-photo or damaged"`
	Key    string `json:"key,omitempty" doc:"of the limit in the configuration that was met"`
}

// Error is what is wrong.
func (p *Problem) Error() string { return p.Detail }

// Refused is a problem of that status.
func Refused(status int, format string, args ...any) error {
	return &intake.Problem{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// ProblemOf is an error as it is answered.
func ProblemOf(err error) *Problem {
	var p *intake.Problem
	if !errors.As(err, &p) {
		p = &intake.Problem{Status: http.StatusInternalServerError, Detail: err.Error()}
	}
	title := http.StatusText(p.Status)
	if p.Status == intake.StatusGone {
		title = "Client Closed Request"
	}
	return &Problem{Status: p.Status, Title: title, Detail: diag.Printable(p.Detail), Hint: diag.Printable(p.Hint), Kind: string(p.Kind), Key: p.Key}
}

// Refuse answers with an error. What is left of the body is read first, within
// bounds, so that who sends it gets to read the answer.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	intake.Drain(w, r)
	var p *intake.Problem
	if errors.As(err, &p) && p.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(p.RetryAfter.Seconds())))
	}
	problem := ProblemOf(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem) // the caller may be gone
}

// Problems are the answers of an operation that are problems.
func Problems(a *API, statuses ...int) map[string]*huma.Response {
	schema := Schema[Problem](a)
	all := map[string]*huma.Response{}
	for _, status := range statuses {
		all[fmt.Sprint(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
		}
	}
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		if r := all[fmt.Sprint(status)]; r != nil {
			r.Headers = map[string]*huma.Param{"Retry-After": {Description: "seconds until another try makes sense", Schema: &huma.Schema{Type: "integer"}}}
		}
	}
	return all
}
