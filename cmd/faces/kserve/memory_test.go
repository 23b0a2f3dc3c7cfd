package kserve_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// spaces is white space of JSON without end, until it may end.
type spaces struct {
	left int
	more <-chan struct{}
}

func (s *spaces) Read(b []byte) (int, error) {
	if s.left == 0 {
		<-s.more
		return 0, io.EOF
	}
	n := min(len(b), s.left)
	s.left -= n
	copy(b, strings.Repeat(" ", n))
	return n, nil
}

// However many requests in JSON come together, what they hold in memory is bounded.
func TestRequestsInJSONHoldBoundedMemory(t *testing.T) {
	site, _, _, _ := open(t)
	end := make(chan struct{})
	answers := make(chan int)
	const requests, bytes = 6, 60 << 20
	for range requests {
		go func() {
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v2/models/web/infer", &spaces{bytes, end})
			r.Header.Set("Expect", "100-continue") // or what is left of a refused body would be awaited
			site.ServeHTTP(w, r)
			answers <- w.Code
		}()
	}
	select {
	case status := <-answers:
		if status != http.StatusTooManyRequests {
			t.Errorf("got %d", status)
		}
	case <-time.After(30 * time.Second):
		t.Error("none is refused")
	}
	close(end)
	for range requests - 1 {
		<-answers
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v2/models/web/infer", strings.NewReader("{}")))
	if w.Code != http.StatusBadRequest {
		t.Errorf("a later request: %d %s", w.Code, w.Body)
	}
}

// A value of JSON takes much more memory than its bytes.
func TestTheValuesOfARequestAreBounded(t *testing.T) {
	site, _, _, _ := open(t)
	many := strings.Repeat("{},", 20_000)
	for _, body := range []string{
		`{"inputs":[` + many + `{}]}`,
		`{"parameters":{"a":[` + many + `{}]},"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="]}]}`,
	} {
		if w := ask(site, "POST", "/v2/models/web/infer", []byte(body)); w.Code != 400 || !strings.Contains(w.Body.String(), "values") {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
	text, _ := json.Marshal(many + `"\\`) // which are no values
	body := fmt.Sprintf(`{"id":%s,"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="]}]}`, text)
	if w := ask(site, "POST", "/v2/models/web/infer", []byte(body)); w.Code != 200 {
		t.Errorf("got %d %.200s", w.Code, w.Body)
	}
}
