package jobs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// timedAnswer knows until when a body may come.
type timedAnswer struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (a *timedAnswer) SetReadDeadline(t time.Time) error {
	a.until = t
	return nil
}

// watchedBody notes whether it is ever read without a deadline.
type watchedBody struct {
	*strings.Reader
	answer  *timedAnswer
	forever bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.forever = b.forever || b.answer.until.IsZero()
	return b.Reader.Read(p)
}

func (b *watchedBody) Close() error { return nil }

// Who names a photo, byte by byte, holds no place of the queue for ever.
func TestABodyThatNamesAPhotoHasToComeInTime(t *testing.T) {
	d := start(t)
	d.config.Folder = func(string) (plugin.Job, bool) { return plugin.Job{}, false }
	d.jobs.Configure(d.config)
	answer := &timedAnswer{ResponseRecorder: httptest.NewRecorder()}
	body := &watchedBody{Reader: strings.NewReader(`{"path": "/photos/a.jpg"}`), answer: answer}
	r := httptest.NewRequest(http.MethodPost, d.server.URL+"/v1/jobs", body)
	r.Header.Set("Authorization", "Bearer "+d.tokens["anna"])
	r.Header.Set("Content-Type", "application/json")
	d.server.Config.Handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusUnprocessableEntity || body.forever {
		t.Errorf("%d, read without a deadline: %t: %s", answer.Code, body.forever, answer.Body)
	}
}
