package app

import (
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

const namespace = "burnish"

// maxDevices bounds the values of the label device. The worker process names
// them, and photos from anywhere are decoded there.
const maxDevices = 32

// other stands for every value of a label that is not an expected one.
const other = "other"

// metrics are what a daemon counts for Prometheus, beside what its Status tells.
// No label is a photo's path. The loop's goroutine counts.
type metrics struct {
	registry *prometheus.Registry
	devices  map[string]bool
	fallback string // why the photo last restored ran on another device than configured

	photos    *prometheus.CounterVec
	failures  *prometheus.CounterVec
	requests  *prometheus.CounterVec
	pixels    prometheus.Counter
	read      prometheus.Counter
	written   prometheus.Counter
	tiles     prometheus.Counter
	cache     *prometheus.CounterVec
	fallbacks *prometheus.CounterVec
	device    prometheus.Gauge
	duration  prometheus.Histogram
	stages    *prometheus.HistogramVec
	damage    prometheus.Histogram
	spared    prometheus.Counter
}

// newMetrics registers all metrics of a daemon of that version.
func newMetrics(version string) *metrics {
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		devices:   map[string]bool{},
		photos:    counters("photos_total", "Photos by how they ended. A photo that is tried again is counted again.", "result", "pipeline", "device"),
		failures:  counters("failures_total", "Failed tries of photos, by kind of failure.", "kind", "pipeline"),
		requests:  counters("requests_total", "Photos of requests by how they ended.", "result", "pipeline"),
		pixels:    counter("pixels_total", "Pixels of photos that were processed."),
		read:      counter("read_bytes_total", "Bytes of photos' files that were processed."),
		written:   counter("written_bytes_total", "Bytes of outputs that were written."),
		tiles:     counter("tiles_total", "Tiles that networks restored."),
		cache:     counters("cache_requests_total", "Results of networks that the cache held, or did not.", "result"),
		fallbacks: counters("tile_fallbacks_total", "Tiles that needed a fallback, by its kind.", "kind"),
		device: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "device_fallback",
			Help: "1 where the photo last restored ran on another device than the configured one, else 0."}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: "photo_duration_seconds",
			Help: "Time from a photo's beginning in a worker to its end.", Buckets: durations}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "stage_duration_seconds",
			Help: "Time of photos by stage.", Buckets: durations}, []string{"stage"}),
		damage: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: "photo_damage_ratio",
			Help: "Damage of photos by JPEG compression, from 0 to 1, where it was measured.", Buckets: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}}),
		spared: counter("photos_left_alone_total", "Photos that a network left alone, since they show no damage."),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1; the labels tell of the build.",
		ConstLabels: prometheus.Labels{"version": labelText(version), "goversion": runtime.Version()}})
	info.Set(1)
	m.registry.MustRegister(m.photos, m.failures, m.requests, m.pixels, m.read, m.written, m.tiles, m.cache, m.fallbacks, m.device, m.duration, m.stages, m.damage, m.spared, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, kind := range plugin.Fallbacks() {
		m.fallbacks.WithLabelValues(string(kind))
	}
	return m
}

// expect begins the series of every pipeline's photos at 0, so that the first
// failures show as an increase.
func (m *metrics) expect(c Config) {
	for _, f := range c.Folders {
		for _, result := range []string{"done", "skipped", "failed", "quarantined"} {
			m.photos.WithLabelValues(result, labelText(f.Job.Pipeline), "")
		}
	}
}

// durations are the buckets of times in seconds: from a thumbnail to a photo of
// several hundred megapixels on a slow CPU.
var durations = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// begun counts a task that begins. What waits for another try waits for its
// back-off, not for others.
func (m *metrics) begun(t schedule.Task, now time.Time) {
	if t.Failures == 0 {
		m.stages.WithLabelValues("queue").Observe(now.Sub(t.Since()).Seconds())
	}
}

// settled counts a file that has arrived.
func (m *metrics) settled(took time.Duration) {
	m.stages.WithLabelValues("settle").Observe(took.Seconds())
}

// succeeded counts a photo that is done or skipped.
func (m *metrics) succeeded(pipeline string, r plugin.Result) {
	result := "done"
	switch r.State {
	case plugin.Skipped:
		result = "skipped"
	case plugin.Waiting:
		result = "waiting"
	}
	m.photos.WithLabelValues(result, labelText(pipeline), m.deviceLabel(r)).Inc()
	if r.State == plugin.Skipped {
		return
	}
	for _, o := range r.Outputs {
		if r.State == plugin.Waiting {
			break // they are not published
		}
		m.written.Add(float64(max(0, o.Size)))
	}
	m.duration.Observe(max(0, r.Elapsed).Seconds())
	if r.Notes["left_alone"] != "" {
		m.spared.Inc()
	}
	m.processed(r)
}

// failed counts a try of a photo that failed.
func (m *metrics) failed(pipeline string, e *plugin.Error, r plugin.Result) {
	result, kind := "failed", string(e.Kind)
	if e.Quarantined {
		result = "quarantined"
	}
	if !slices.Contains(plugin.Kinds(), kind) {
		kind = other
	}
	m.photos.WithLabelValues(result, labelText(pipeline), m.deviceLabel(r)).Inc()
	m.failures.WithLabelValues(kind, labelText(pipeline)).Inc()
	m.processed(r)
}

// processed counts what was done with a photo's pixels.
func (m *metrics) processed(r plugin.Result) {
	s := r.Stats
	m.pixels.Add(float64(max(0, s.Pixels)))
	m.read.Add(float64(max(0, s.BytesRead)))
	m.tiles.Add(float64(max(0, s.Tiles)))
	m.cache.WithLabelValues("hit").Add(float64(max(0, s.Hits)))
	m.cache.WithLabelValues("miss").Add(float64(max(0, s.Misses)))
	for _, kind := range plugin.Fallbacks() {
		m.fallbacks.WithLabelValues(string(kind)).Add(float64(max(0, s.Fallbacks[kind])))
	}
	for _, stage := range plugin.Stages() {
		if spent, ok := s.Stages[stage]; ok {
			m.stages.WithLabelValues(string(stage)).Observe(max(0, spent).Seconds())
		}
	}
	if d := s.Damage; d != nil && *d >= 0 && *d <= 1 {
		m.damage.Observe(*d)
	}
	if r.Notes["device"] != "" && s.Tiles > 0 {
		m.fallback = r.Notes["fallback"]
		m.device.Set(truth(m.fallback != ""))
	}
}

// deviceLabel is the device that a photo was restored on, "" for none.
func (m *metrics) deviceLabel(r plugin.Result) string {
	d := labelText(r.Notes["device"])
	if d == "" || m.devices[d] {
		return d
	}
	if len(m.devices) >= maxDevices {
		return other
	}
	m.devices[d] = true
	return d
}

// labelText is text as a label takes it, which must be UTF-8.
func labelText(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
