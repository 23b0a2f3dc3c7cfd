package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutOfMemoryKillsAreCounted(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"proc/self/cgroup": "0::/system.slice/burnish.service\n7:memory:/x\n",
		"proc/vmstat":      "oom_kill 3\n",
		"sys/fs/cgroup/system.slice/burnish.service/memory.events": "low 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0\n",
		"sys/fs/cgroup/memory/x/memory.oom_control":                "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := outOfMemoryKills(root); got != 9 {
		t.Errorf("%d", got)
	}
	if got := outOfMemoryKills(t.TempDir()); got != 0 {
		t.Errorf("where nothing is told: %d", got)
	}
}

// What is short names what sets the limit.
func TestTheRemedyForMemoryNamesTheLimit(t *testing.T) {
	if got := moreMemory(300<<20, 8<<30); !strings.Contains(got, "MemoryMax") || !strings.Contains(got, "300 MiB") {
		t.Error(got)
	}
	if got := moreMemory(0, 8<<30); strings.Contains(got, "MemoryMax") || !strings.Contains(got, "8192 MiB") {
		t.Error(got)
	}
	if Starved.Permanent() || !Starved.Transient() || Starved.Shared() {
		t.Error("a lack of memory is the photo's fault, or holds the others")
	}
	if Memory() <= 0 || Memory() > installed() {
		t.Errorf("%d of %d", Memory(), installed())
	}
}
