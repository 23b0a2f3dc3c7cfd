package admission_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/admission"
)

// host is a machine of these files, by their paths.
func host(t *testing.T, files map[string]string) admission.Host {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return admission.HostAt(root)
}

func TestCgroupLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"none":     {nil, 0},
		"v2":       {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "500\n", "sys/fs/cgroup/a/b/memory.high": "400\n"}, 400},
		"v2 max":   {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 0},
		"v1":       {map[string]string{"proc/self/cgroup": "5:cpu,memory:/docker/x\n0::/\n", "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "700\n"}, 700},
		"v1 unset": {map[string]string{"proc/self/cgroup": "5:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
	} {
		if got := host(t, c.files).CgroupLimit(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Regression: with worker.memory 0, the worker's limit ignored a container's on
// cgroup v1, and memory.high and the groups around it on v2.
func TestWorkerMemoryKeepsToTheContainer(t *testing.T) {
	const machine = "MemTotal:       8388608 kB\n"
	for name, c := range map[string]struct {
		files      map[string]string
		configured int64
		want       int64
	}{
		"cgroup v1": {map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "12:pids:/docker/c\n9:memory:/docker/c\n1:name=systemd:/docker/c\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
			"sys/fs/cgroup/memory/docker/c/memory.limit_in_bytes": "1000000000\n",
		}, 0, 900000000},
		"cgroup v1, the container's group at the mount's root": {map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "9:memory:/docker/c\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000000\n",
		}, 0, 900000000},
		"cgroup v2, memory.high of the slice": {map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/media.slice/burnish.service\n",
			"sys/fs/cgroup/media.slice/burnish.service/memory.max": "2000000000\n",
			"sys/fs/cgroup/media.slice/memory.high":                "1000000000\n",
		}, 0, 900000000},
		"no cgroup": {map[string]string{"proc/meminfo": "MemTotal: 1000 kB\n"}, 0, 921600},
		"configured": {map[string]string{
			"proc/meminfo": machine, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n",
		}, 5000, 5000},
		"not told": {nil, 0, 0},
	} {
		if got := host(t, c.files).WorkerMemory(c.configured); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestOutOfMemoryKillsAreCounted(t *testing.T) {
	h := host(t, map[string]string{
		"proc/self/cgroup": "0::/system.slice/burnish.service\n7:memory:/x\n",
		"proc/vmstat":      "oom_kill 3\n",
		"sys/fs/cgroup/system.slice/burnish.service/memory.events": "low 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0\n",
		"sys/fs/cgroup/memory/x/memory.oom_control":                "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
	})
	if got := h.OutOfMemoryKills(); got != 9 {
		t.Errorf("%d", got)
	}
	if got := host(t, nil).OutOfMemoryKills(); got != 0 {
		t.Errorf("where nothing is told: %d", got)
	}
}

// What is short names what sets the limit.
func TestTheRemedyForMemoryNamesTheLimit(t *testing.T) {
	files := map[string]string{"proc/meminfo": "MemTotal: 8388608 kB\n"}
	if got := host(t, files).Remedy(); strings.Contains(got, "MemoryMax") || !strings.Contains(got, "8192 MiB") {
		t.Error(got)
	}
	files["proc/self/cgroup"], files["sys/fs/cgroup/memory.max"] = "0::/\n", "314572800\n"
	if got := host(t, files).Remedy(); !strings.Contains(got, "MemoryMax") || !strings.Contains(got, "300 MiB") {
		t.Error(got)
	}
}

func TestThisHostTells(t *testing.T) {
	h := admission.ThisHost
	if h.Resident() == 0 {
		t.Skip("this system does not tell")
	}
	all := h.Memory()
	if all <= 0 || h.Available() <= 0 || h.Resident() > all || h.Peak() <= 0 || h.Anonymous(os.Getpid()) <= 0 {
		t.Errorf("%d bytes, %d available, %d held, %d at most", all, h.Available(), h.Resident(), h.Peak())
	}
	if e := refusal(t, admission.NewMemoryLimiter(h, 0, slog.New(slog.DiscardHandler))); e.Limit < 16<<20 || e.Limit > all || e.Configured {
		t.Errorf("on this machine: %+v", e)
	}
	if e := refusal(t, admission.NewMemoryLimiter(h, 1<<30, slog.New(slog.DiscardHandler))); e.Limit != 1<<30 || !e.Configured {
		t.Errorf("configured: %+v", e)
	}
}

// refusal is what the limiter says of a photo that cannot fit.
func refusal(t *testing.T, l *admission.MemoryLimiter) *admission.InsufficientMemoryError {
	t.Helper()
	var e *admission.InsufficientMemoryError
	if _, err := l.Admit(t.Context(), "any", 1<<60); !errors.As(err, &e) {
		t.Fatal(err)
	}
	return e
}
