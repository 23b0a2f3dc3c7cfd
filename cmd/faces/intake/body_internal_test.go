package intake

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// slowSender gives a byte after a while.
type slowSender struct{ after time.Duration }

func (s slowSender) Read(b []byte) (int, error) {
	time.Sleep(s.after)
	return copy(b, "x"), nil
}

func (slowSender) Close() error { return nil }

// A sender is slow where it is waited for, and not while a photo that it has sent
// is processed before the next is read.
func TestSlowSenders(t *testing.T) {
	read := func(sender, reader time.Duration) (err error) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Body = slowSender{sender}
		body := Body(httptest.NewRecorder(), r)
		for range 100 {
			if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
				return err
			}
			time.Sleep(reader)
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		if err := read(0, time.Minute); err != nil {
			t.Errorf("a slow reader: %v", err)
		}
		if err := read(20*time.Second, 0); !errors.Is(err, errSlow) {
			t.Errorf("a slow sender: %v", err)
		}
	})
}
