package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// refusal is an error as it is answered (RFC 9457).
type refusal struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (p *refusal) Error() string { return p.Detail }

func problem(status int, format string, args ...any) error {
	return &refusal{status, http.StatusText(status), fmt.Sprintf(format, args...)}
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, err error) {
	p := &refusal{http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError), err.Error()}
	errors.As(err, &p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone
}
