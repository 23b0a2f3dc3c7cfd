package api

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

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
