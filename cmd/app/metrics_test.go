package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

func TestMetricsKeepToTheConventions(t *testing.T) {
	a := testApp(t, Options{Config: testConfig(t, testWorker{}), Version: "1.2.3"})
	status := Status{
		Folders: []watcher.FolderState{{Folder: "/in", Mode: watcher.Degraded}, {Folder: "/caf\xe9", Mode: watcher.Watching}, {Folder: "/caf\xe8"}, {Folder: "/a\n"}, {Folder: `/a\n`}},
		Queues:  []api.FolderQueue{{Folder: "/in", Waiting: 3, Oldest: time.Unix(40, 0), Breaker: schedule.BreakerOpen}, {Folder: `/a\n`, Waiting: 7}},
		Held:    []api.HeldFolder{{Folder: "/in", Reason: "1 GB are free"}},
	}
	c := collector{func() Status { return status }, func() Worker { return restarted{} }, func() time.Time { return time.Unix(100, 0) }}
	a.metrics.registry.MustRegister(c)
	r := plugin.Result{State: plugin.Done, Notes: map[string]string{"device": "cpu"}, Outputs: []plugin.Output{{Size: 10}}}
	damage := 0.35
	r.Stats.Damage = &damage
	r.Stats.Stages = map[plugin.Stage]time.Duration{"restore": time.Second, "decode": -time.Hour, "made up": time.Second}
	r.Stats.Fallbacks = map[plugin.Fallback]int64{"cpu": 2, "made up": 9}
	a.metrics.begun(schedule.Task{}, time.Now())
	a.metrics.succeeded("small", r)
	a.metrics.failed("small", &plugin.Error{Kind: "made up", Quarantined: true, Err: errors.New("no")}, plugin.Result{})
	if faults, err := testutil.GatherAndLint(a.metrics.registry); err != nil || len(faults) > 0 {
		t.Errorf("%v, %v", faults, err)
	}
	a.metrics.settled(3 * time.Second)
	for text, name := range map[string]string{
		"burnish_stage_duration_seconds_sum{stage=\"settle\"} 3":                        "burnish_stage_duration_seconds",
		"burnish_stage_duration_seconds_sum{stage=\"decode\"} 0":                        "burnish_stage_duration_seconds",
		"burnish_photo_damage_ratio_bucket{le=\"0.4\"} 1":                               "burnish_photo_damage_ratio",
		"burnish_photo_damage_ratio_bucket{le=\"0.3\"} 0":                               "burnish_photo_damage_ratio",
		"burnish_worker_memory_bytes{kind=\"admitted\"} 2":                              "burnish_worker_memory_bytes",
		"burnish_queue_photos{folder=\"/a\\\\n'\"} 7":                                   "burnish_queue_photos",
		"burnish_circuit_breaker_state{folder=\"/in\",state=\"open\"} 1":                "burnish_circuit_breaker_state",
		"burnish_queue_oldest_age_seconds{folder=\"/in\"} 60":                           "burnish_queue_oldest_age_seconds",
		"burnish_folder_state{folder=\"/in\",state=\"degraded\"} 1":                     "burnish_folder_state",
		"burnish_folder_disk_low{folder=\"/in\"} 1":                                     "burnish_folder_disk_low",
		"burnish_worker_restarts_total{cause=\"crashed\"} 2":                            "burnish_worker_restarts_total",
		"burnish_photos_total{device=\"cpu\",pipeline=\"small\",result=\"done\"} 1":     "burnish_photos_total",
		"burnish_failures_total{kind=\"other\",pipeline=\"small\"} 1":                   "burnish_failures_total",
		"burnish_tile_fallbacks_total{kind=\"cpu\"} 2":                                  "burnish_tile_fallbacks_total",
		"burnish_stage_duration_seconds_count{stage=\"restore\"} 1":                     "burnish_stage_duration_seconds",
		"burnish_written_bytes_total 10":                                                "burnish_written_bytes_total",
		"burnish_photos_total{device=\"\",pipeline=\"small\",result=\"quarantined\"} 1": "burnish_photos_total",
	} {
		got, err := format(a, name)
		if err != nil || !strings.Contains(got, text) {
			t.Errorf("want %s, got %s, %v", text, got, err)
		}
		if strings.Contains(got, "made up") {
			t.Errorf("what the worker makes up became a label: %s", got)
		}
	}
}

// restarted is a worker whose process has crashed twice.
type restarted struct{ testWorker }

func (restarted) Restarts() (int, int) { return 2, 5 }

// format is the text of a metric.
func format(a *App, name string) (string, error) {
	families, err := a.metrics.registry.Gather()
	var text strings.Builder
	for _, f := range families {
		if f.GetName() == name {
			_, err = expfmt.MetricFamilyToText(&text, f)
		}
	}
	return text.String(), err
}

// What a worker process says bounds no label by itself: hostile photos are
// decoded there.
func TestDevicesAreBounded(t *testing.T) {
	m := newMetrics("1")
	for i := range 10 * maxDevices {
		m.succeeded("p", plugin.Result{State: plugin.Done, Notes: map[string]string{"device": fmt.Sprintf("cuda:%d\xff", i)}})
	}
	if n := testutil.CollectAndCount(m.photos); n != maxDevices+1 {
		t.Errorf("%d series", n)
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	a := testApp(t, Options{Config: testConfig(t, testWorker{})})
	a.outcome(ending{task: schedule.Task{Path: "/in/a.jpg", Folder: "/in"}, result: plugin.Result{State: plugin.Skipped}})
	a.outcome(ending{task: schedule.Task{Path: t.TempDir(), Folder: "/in"}, err: &plugin.Error{Kind: plugin.Damaged, Err: context.Canceled}})
	if n := testutil.ToFloat64(a.metrics.photos.WithLabelValues("skipped", "", "")); n != 1 {
		t.Errorf("%v skipped", n)
	}
	if n := testutil.ToFloat64(a.metrics.failures.WithLabelValues("damaged", "")); n != 1 {
		t.Errorf("%v damaged", n)
	}
}
