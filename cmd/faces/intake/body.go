package intake

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// How fast a body has to come.
const (
	silence = 30 * time.Second // at most, between two reads; and before the rate counts
	rate    = 4 << 10          // bytes a second at least, over all the time that was waited for them since
)

var (
	errSlow       = errors.New("the body came too slowly")
	errSlowReader = errors.New("the answer is read too slowly")
)

// Body is the body of a request, whose sender may not hold a place for ever: a
// read fails where it comes too slowly.
func Body(w http.ResponseWriter, r *http.Request) io.Reader {
	return &paced{Reader: r.Body, conn: http.NewResponseController(w)}
}

type paced struct {
	io.Reader
	conn   *http.ResponseController
	waited time.Duration // in reads: what its reader does between them is not the sender's
	n      int64
}

func (p *paced) Read(b []byte) (int, error) {
	if late := p.waited - silence; late > 0 && float64(p.n) < rate*late.Seconds() {
		return 0, errSlow
	}
	began := time.Now()
	_ = p.conn.SetReadDeadline(began.Add(silence)) // without a network there is none
	n, err := p.Reader.Read(b)
	p.waited += time.Since(began)
	p.n += int64(n)
	if err != nil {
		_ = p.conn.SetReadDeadline(time.Time{}) // a later one would end the request
	}
	return n, err
}

// Bounds of what is read of a body that is not wanted.
const (
	drainBytes = 32 << 20
	drainTime  = 10 * time.Second
)

// Drain reads on in the body of a request that is refused, so that its sender
// gets to read why.
func Drain(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Expect") != "" {
		return // it was never sent
	}
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, drainBytes))
	_ = conn.SetReadDeadline(time.Time{})
}
