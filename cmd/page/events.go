package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Limits of streams of events.
const (
	maxStreams  = 64               // at a time; each is an open tab
	streamQuiet = 15 * time.Second // after which a stream shows that it lives
	streamWrite = 10 * time.Second // to take an event
	retryAfter  = 2 * time.Second  // until a browser comes back
)

// hub tells open pages when the daemon's status has changed. It asks for the
// status while there is a page that wants to know.
type hub struct {
	ask   func(context.Context) ([]byte, error)
	every time.Duration
	ended context.Context
	end   context.CancelFunc

	mu      sync.Mutex
	streams map[chan string]bool
	latest  string // names the status that was told last
	stop    context.CancelFunc
	polling sync.WaitGroup
}

func newHub(ask func(context.Context) ([]byte, error), every time.Duration) *hub {
	h := &hub{ask: ask, every: every, streams: map[chan string]bool{}}
	h.ended, h.end = context.WithCancel(context.Background())
	return h
}

// close ends all streams, and waits for what asks.
func (h *hub) close() {
	h.mu.Lock()
	h.end() // nothing joins from here on
	h.mu.Unlock()
	h.polling.Wait()
}

// join adds a stream; false where there are too many.
func (h *hub) join() (events chan string, latest string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) >= maxStreams || h.ended.Err() != nil {
		return nil, "", false
	}
	events = make(chan string, 1) // the latest event replaces one that waits
	h.streams[events] = true
	if h.stop == nil {
		var ctx context.Context
		ctx, h.stop = context.WithCancel(h.ended)
		h.polling.Add(1)
		go h.poll(ctx)
	}
	return events, h.latest, true
}

func (h *hub) leave(events chan string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, events)
	if len(h.streams) == 0 {
		h.stop()
		h.stop = nil
	}
}

// poll asks until ctx ends, and tells all streams of what is new.
func (h *hub) poll(ctx context.Context) {
	defer h.polling.Done()
	tick := time.NewTicker(h.every)
	defer tick.Stop()
	for {
		if status, err := h.ask(ctx); err == nil {
			h.tell(name(status))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// name is short for a status.
func name(status []byte) string {
	sum := sha256.Sum256(bytes.TrimSpace(status))
	return hex.EncodeToString(sum[:8])
}

func (h *hub) tell(latest string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if latest == h.latest {
		return
	}
	h.latest = latest
	for events := range h.streams {
		select {
		case <-events:
		default:
		}
		events <- latest
	}
}

// ServeHTTP streams an event "status" each time that the status has changed, and
// one at once to a browser that has not seen the latest.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	events, latest, ok := h.join()
	if !ok {
		w.Header().Set("Retry-After", fmt.Sprint(int(retryAfter.Seconds())))
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer h.leave(events)
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // of nginx
	out := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		_ = out.SetWriteDeadline(time.Now().Add(streamWrite))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && out.Flush() == nil
	}
	if !send("retry: %d\n\n", retryAfter.Milliseconds()) {
		return
	}
	if latest != "" && latest != r.Header.Get("Last-Event-ID") && !send("id: %s\nevent: status\ndata: changed\n\n", latest) {
		return
	}
	quiet := time.NewTicker(streamQuiet)
	defer quiet.Stop()
	for {
		sent := true
		select {
		case id := <-events:
			sent = send("id: %s\nevent: status\ndata: changed\n\n", id)
		case <-quiet.C:
			sent = send(": quiet\n\n")
		case <-r.Context().Done():
			return
		case <-h.ended.Done():
			return
		}
		if !sent {
			return
		}
	}
}
