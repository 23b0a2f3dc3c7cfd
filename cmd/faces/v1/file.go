package v1

import (
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
)

// SendFile answers with an output. Ranges, and an ETag that a client has already,
// are answered as RFC 9110 has it.
func SendFile(w http.ResponseWriter, r *http.Request, path string, o MadeOutput) error {
	f, err := os.Open(path)
	if err != nil {
		return &intake.Problem{Status: http.StatusInternalServerError, Detail: "the output cannot be read"}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return Refused(http.StatusNotAcceptable, "the output %s is a folder, which no answer holds", o.ID)
	}
	w = intake.Answer(w)
	h := w.Header()
	h.Set("Content-Type", o.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": o.Name}))
	if field := digestField(o.Digest); field != "" {
		h.Set("Repr-Digest", field)
		h.Set("ETag", strconv.Quote(o.Digest))
	}
	if r.Method == http.MethodPost {
		h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
		w.WriteHeader(http.StatusOK)
		_, err = io.Copy(w, f)
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone, or must not take a part for the whole
		}
		return nil
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
	return nil
}
