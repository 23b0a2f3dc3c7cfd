package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

var (
	inProgressDesc = desc("photos_in_progress", "Photos that are being processed.")
	failedDesc     = desc("photos_failed", "Photos whose last try failed.")
	pausedDesc     = desc("paused", "1 while no photo begins, because of burnish pause or quiet hours, else 0.")
	restartsDesc   = desc("worker_restarts_total", "Restarts of the worker process: crashed, or retired to be replaced.", "cause")

	queueDesc    = desc("queue_photos", "Photos that wait, by watched folder.", "folder")
	oldestDesc   = desc("queue_oldest_age_seconds", "How long the first photo that is due has waited; 0 where none is due.", "folder")
	arrivingDesc = desc("folder_arriving_files", "Files that are not yet complete.", "folder")
	stateDesc    = desc("folder_state", "1 for the state that the watched folder is in, else 0.", "folder", "state")
	breakerDesc  = desc("circuit_breaker_state", "1 for the state that the folder's circuit breaker is in, else 0.", "folder", "state")
	memoryDesc   = desc("worker_memory_bytes", "Memory of the worker by kind: held by its process; admitted, which photos in progress are predicted to need; the limit of that.", "kind")
	reviewDesc   = desc("review_waiting", "Photos whose results wait until they are approved or rejected.", "folder")
	trialDesc    = desc("canary_photos", "Photos of changed pipelines that are tried on a sample and not decided on: of the sample pending, done and failed; waiting for the decision.", "folder", "state")
	scrubDesc    = desc("scrub_findings", "Files that the background verification found missing or altered, in its latest pass that ended.", "kind")
	scrubbedDesc = desc("scrub_read_bytes_total", "Bytes that the background verification has read.")
	scrubEndDesc = desc("scrub_last_end_timestamp_seconds", "When the background verification last ended a pass; 0 where it never did.")
	diskDesc     = desc("folder_disk_low", "1 while no photo of the folder begins because less than limits.min_free_space is free, else 0.", "folder")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// collector tells of a Status when it is asked.
type collector struct {
	status func() Status
	worker func() Worker // nil: there is none
	now    func() time.Time
}

// Describe sends every description.
func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inProgressDesc, failedDesc, pausedDesc, restartsDesc, queueDesc, oldestDesc, arrivingDesc, stateDesc, breakerDesc, diskDesc, reviewDesc, trialDesc, memoryDesc, scrubDesc, scrubbedDesc, scrubEndDesc} {
		to <- d
	}
}

// Collect sends the values of now.
func (c collector) Collect(to chan<- prometheus.Metric) {
	s := c.status()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(inProgressDesc, float64(s.Working))
	gauge(failedDesc, float64(s.Failed))
	gauge(pausedDesc, truth(s.Shut != ""))
	var crashed, retired int
	var m worker.Memory
	if w := c.worker(); w != nil {
		crashed, retired = w.Restarts()
		m = w.Memory()
	}
	gauge(memoryDesc, float64(m.Held), "held")
	gauge(memoryDesc, float64(m.Admitted), "admitted")
	gauge(memoryDesc, float64(m.Limit), "limit")
	to <- prometheus.MustNewConstMetric(restartsDesc, prometheus.CounterValue, float64(crashed), "crashed")
	to <- prometheus.MustNewConstMetric(restartsDesc, prometheus.CounterValue, float64(retired), "retired")
	collectScrub(s.Scrub, gauge, to)
	queues, low := map[string]api.FolderQueue{}, map[string]bool{}
	for _, q := range s.Queues {
		queues[q.Folder] = q
	}
	for _, h := range s.Held {
		low[h.Folder] = h.Until.IsZero()
	}
	seen := map[string]bool{}
	for _, f := range s.Folders {
		name, q := diag.Printable(f.Folder), queues[f.Folder] // a label is UTF-8, a name need not be
		for seen[name] {                                      // two names may be written alike, two series may not
			name += "'"
		}
		seen[name] = true
		gauge(queueDesc, float64(q.Waiting), name)
		gauge(reviewDesc, float64(s.Review[f.Folder]), name)
		for state, n := range tried(s.Trials, f.Folder) {
			gauge(trialDesc, float64(n), name, state)
		}
		age := 0.0
		if !q.Oldest.IsZero() {
			age = max(0, c.now().Sub(q.Oldest).Seconds())
		}
		gauge(oldestDesc, age, name)
		gauge(arrivingDesc, float64(f.Arriving), name)
		for _, m := range []watcher.Mode{watcher.Starting, watcher.Watching, watcher.Polling, watcher.Degraded} {
			gauge(stateDesc, truth(f.Mode == m), name, string(m))
		}
		for _, b := range []schedule.BreakerState{schedule.BreakerClosed, schedule.BreakerOpen, schedule.BreakerHalfOpen} {
			gauge(breakerDesc, truth(b == q.Breaker || q.Breaker == "" && b == schedule.BreakerClosed), name, string(b))
		}
		gauge(diskDesc, truth(low[f.Folder]), name)
	}
}

// tried counts the photos of a folder's trials by how far they are.
func tried(trials []api.TrialStatus, folder string) map[string]int {
	all := map[string]int{"pending": 0, "done": 0, "failed": 0, "waiting": 0}
	for _, t := range trials {
		if t.Folder == folder {
			all["pending"] += t.Pending
			all["done"] += t.Done
			all["failed"] += t.Failed
			all["waiting"] += t.Waiting
		}
	}
	return all
}

// collectScrub tells of the background verification; s is nil where it never ran.
func collectScrub(s *api.ScrubStatus, gauge func(*prometheus.Desc, float64, ...string), to chan<- prometheus.Metric) {
	if s == nil {
		s = &api.ScrubStatus{}
	}
	found, ended := s.Latest()
	for _, kind := range api.FindingKinds() {
		gauge(scrubDesc, float64(found[kind]), kind)
	}
	to <- prometheus.MustNewConstMetric(scrubbedDesc, prometheus.CounterValue, float64(s.Read))
	at := 0.0
	if !ended.IsZero() {
		at = float64(ended.Unix())
	}
	gauge(scrubEndDesc, at)
}
