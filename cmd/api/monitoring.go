package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Paths of the probes.
const (
	LivePath  = "/livez"
	ReadyPath = "/readyz"
)

// Health is whether a daemon processes photos as it should, and if not, why.
type Health struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons,omitempty"` // one line each, with the remedy where one is known
}

// Prober tells how a daemon is. Its methods are called concurrently and must
// not wait for photos.
type Prober interface {
	Alive() error // an error where its loop has stopped
	Health() Health
}

// HandleProbes makes m answer the probes: /livez with 200 while the daemon's
// loop runs, /readyz with its Health, and with 503 where it is not ready.
func HandleProbes(m *Mux, p Prober) {
	m.HandleFunc("GET "+LivePath, func(w http.ResponseWriter, _ *http.Request) {
		if err := p.Alive(); err != nil {
			write(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte(err.Error()+"\n"))
			return
		}
		write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	})
	m.HandleFunc("GET "+ReadyPath, func(w http.ResponseWriter, _ *http.Request) {
		h, status := p.Health(), http.StatusOK
		if err := p.Alive(); err != nil {
			h.Ready, h.Reasons = false, append(h.Reasons, err.Error())
		}
		if !h.Ready {
			status = http.StatusServiceUnavailable
		}
		body, err := json.Marshal(h)
		if err != nil {
			body = []byte("{}") // the fields are plain ones
		}
		write(w, status, "application/json", append(body, '\n'))
	})
}

// Health asks the daemon for its health.
func (c *Client) Health(ctx context.Context) (h Health, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://burnish"+ReadyPath, nil)
	if err != nil {
		return h, err
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return h, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxHealth))
	if err != nil {
		return h, err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusServiceUnavailable || json.Unmarshal(body, &h) != nil {
		return h, fmt.Errorf("%s: %s", ReadyPath, response.Status)
	}
	return h, nil
}

// maxHealth bounds what is read of a Health, in bytes.
const maxHealth = 1 << 20

// MetricsPath is where Prometheus reads metrics.
const MetricsPath = "/metrics"

// Limits of reading the metrics.
const (
	maxScrapes    = 4 // at a time
	scrapeTimeout = 10 * time.Second
)

// HandleMetrics makes m answer with what g gathers, in the format that the
// caller accepts.
func HandleMetrics(m *Mux, g prometheus.Gatherer) {
	h := promhttp.HandlerFor(g, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout, EnableOpenMetrics: true})
	m.HandleFunc("GET "+MetricsPath, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(scrapeTimeout + answerTimeout))
		h.ServeHTTP(w, r)
	})
}

// Log asks a daemon for the latest lines of its log about one photo.
const Log Verb[LogRequest, LogLines] = "POST /v1/log"

// LogRequest names a photo by its path.
type LogRequest struct {
	Photo string `json:"photo"`
}

// LogLines are lines of the log, the oldest first.
type LogLines struct {
	Lines []LogLine `json:"lines"`
}

// LogLine is one of them. Control characters in its text are escaped.
type LogLine struct {
	Time  time.Time `json:"time"`
	Level string    `json:"level"` // INFO, WARN or ERROR
	Text  string    `json:"text"`
}

// HandleLog makes m answer [Log] with what lines returns for a photo.
func HandleLog(m *Mux, lines func(photo string) []LogLine) {
	Log.Handle(m, func(_ context.Context, q LogRequest) (LogLines, error) { return LogLines{lines(q.Photo)}, nil })
}
