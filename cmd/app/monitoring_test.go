package app

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

const monitoring = "../../packaging/monitoring"

// scrape is what Prometheus reads of a daemon that has done everything.
func scrape(t *testing.T) string {
	t.Helper()
	a := testApp(t, Options{Config: testConfig(t, testWorker{}), Version: "1"})
	status := Status{
		Folders: []watcher.FolderState{{Folder: "/in", Mode: watcher.Watching}}, Queues: []api.FolderQueue{{Folder: "/in", Breaker: schedule.BreakerClosed}},
	}
	a.metrics.registry.MustRegister(collector{func() Status { return status }, func() Worker { return testWorker{} }, time.Now})
	a.metrics.settled(time.Second)
	a.metrics.begun(schedule.Task{}, time.Now())
	a.metrics.succeeded("p", plugin.Result{State: plugin.Done, Notes: map[string]string{"device": "cpu"}})
	a.metrics.failed("p", &plugin.Error{Kind: plugin.Damaged}, plugin.Result{})
	a.metrics.answered("p", ending{})
	families, err := a.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// Every metric that the alerts, the dashboard and the reference name is there,
// and the reference names each of Burnish's own.
func TestWhatIsMonitoredIsThere(t *testing.T) {
	text := scrape(t)
	name := regexp.MustCompile(`burnish_[a-z_]+`)
	var all []string
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (burnish_\w+)`).FindAllStringSubmatch(text, -1) {
		all = append(all, line[1])
	}
	for _, file := range []string{monitoring + "/burnish.rules.yaml", monitoring + "/burnish.rules.test.yaml", monitoring + "/grafana-dashboard.json", "../../config/docs/monitoring.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		named := name.FindAllString(string(data), -1)
		for _, metric := range named {
			if !slices.Contains(all, strings.TrimSuffix(metric, "_bucket")) {
				t.Errorf("%s names %s, which is no metric", filepath.Base(file), metric)
			}
		}
		if filepath.Base(file) != "monitoring.md" {
			continue
		}
		for _, metric := range all {
			if !slices.Contains(named, metric) {
				t.Errorf("%s does not name %s", file, metric)
			}
		}
	}
}

// The metrics and the alerts pass Prometheus' own tests.
func TestPromtool(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not installed")
	}
	for _, args := range [][]string{
		{"check", "metrics"}, {"check", "rules", "burnish.rules.yaml"}, {"test", "rules", "burnish.rules.test.yaml"},
	} {
		c := exec.Command("promtool", args...)
		c.Dir, c.Stdin = monitoring, strings.NewReader(scrape(t))
		if out, err := c.CombinedOutput(); err != nil || args[1] == "metrics" && len(out) > 0 {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
