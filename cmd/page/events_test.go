package page

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stream opens a stream of events and returns its lines.
func stream(t *testing.T, url, last string) (lines chan string, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", last)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	lines = make(chan string, 100)
	go func() {
		defer close(lines)
		defer response.Body.Close()
		for s := bufio.NewScanner(response.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines, cancel
}

// next is the next line that begins so.
func next(t *testing.T, lines chan string, begin string) string {
	t.Helper()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the stream has ended before %q", begin)
			}
			if rest, found := strings.CutPrefix(line, begin); found {
				return rest
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no line begins with %q", begin)
		}
	}
}

func TestEventsNameTheStatus(t *testing.T) {
	var status, asked atomic.Int64
	h := newHub(func(context.Context) ([]byte, error) {
		asked.Add(1)
		return fmt.Append(nil, status.Load()), nil
	}, time.Millisecond)
	s := httptest.NewServer(h)
	defer s.Close()
	defer h.close()
	lines, end := stream(t, s.URL, "")
	first := next(t, lines, "id: ")
	status.Add(1)
	second := next(t, lines, "id: ")
	if first == second {
		t.Errorf("another status has the same ID %s", first)
	}
	// Who comes back with the latest ID hears of what is new alone.
	again, endAgain := stream(t, s.URL, second)
	status.Add(1)
	if third := next(t, again, "id: "); third == second {
		t.Errorf("an event that was seen came again")
	}
	end()
	endAgain()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		was := asked.Load()
		time.Sleep(20 * time.Millisecond)
		if asked.Load() == was {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it still asks although nobody listens")
		}
	}
}

func TestStreamsAreBoundedAndLeaveNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	h := newHub(func(context.Context) ([]byte, error) { return []byte("x"), nil }, time.Millisecond)
	s := httptest.NewServer(h)
	var ends []func()
	for range maxStreams {
		lines, end := stream(t, s.URL, "")
		next(t, lines, "id: ")
		ends = append(ends, end)
	}
	response, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("one too many is answered with %d", response.StatusCode)
	}
	for _, end := range ends[:maxStreams/2] {
		end()
	}
	h.close() // ends the others
	s.Close()
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			buffer := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buffer[:runtime.Stack(buffer, true)])
		}
	}
	for _, end := range ends {
		end()
	}
	if _, _, ok := h.join(); ok {
		t.Error("a closed hub takes somebody in")
	}
}
