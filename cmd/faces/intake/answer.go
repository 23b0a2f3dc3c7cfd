package intake

import (
	"io"
	"net/http"
	"time"
)

// readRate is how fast an answer has to be read at least, in bytes a second over
// the whole time since silence.
const readRate = 32 << 10

// Answer is w, whose reader may not hold files and a connection for ever: a write
// fails where what was written before is read too slowly.
func Answer(w http.ResponseWriter) http.ResponseWriter {
	return &answered{ResponseWriter: w, since: time.Now()}
}

type answered struct {
	http.ResponseWriter
	since time.Time
	n     int64
}

// Unwrap is for [http.ResponseController].
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answered) Write(b []byte) (int, error) {
	if late := time.Since(a.since) - silence; late > 0 && float64(a.n) < readRate*late.Seconds() {
		return 0, errSlowReader
	}
	n, err := a.ResponseWriter.Write(b)
	a.n += int64(n)
	return n, err
}

// ReadFrom copies by parts, so that the rate is looked at.
func (a *answered) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{a}, struct{ io.Reader }{r})
}
