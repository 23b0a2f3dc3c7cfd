package pace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// process is a line of /proc/PID/stat with the given ticks.
func process(pid, user, system, children int) string {
	return fmt.Sprintf("%d (a ) name) S 1 1 1 0 -1 0 0 0 0 0 %d %d %d 0 20 0\n", pid, user, system, children)
}

func TestLoadIsThatOfOthers(t *testing.T) {
	root := t.TempDir()
	h := &Host{root: root, pid: 10}
	at := time.Unix(1000, 0)
	look := func(after time.Duration, busy, own, child int) {
		put(t, root, "proc/stat", fmt.Sprintf("cpu  %d 0 0 99999 77 0 0 5000\ncpu0 1 0 0 0\ncpu1 1 0 0 0\nintr 5\n", busy))
		put(t, root, "proc/10/stat", process(10, own, 0, 0))
		put(t, root, "proc/10/task/10/children", "11 \n")
		put(t, root, "proc/11/stat", process(11, child, 0, 0))
		at = at.Add(after)
		h.Look(at)
	}
	look(0, 1000, 0, 0)
	if _, ok := h.Load(); ok {
		t.Error("a load is known from one look")
	}
	look(time.Second, 1500, 0, 0) // too soon
	if _, ok := h.Load(); ok {
		t.Error("a look came too soon and counts")
	}
	look(9*time.Second, 2000, 200, 300) // of 20 core seconds 10 were used, 5 by us
	if load, ok := h.Load(); !ok || load != 0.25 {
		t.Errorf("load %g %v, want 0.25", load, ok)
	}
	for range 20 { // nobody but us uses anything: after a minute nothing else counts
		h.samples[len(h.samples)-1].own += 0
		look(5*time.Second, int(h.samples[len(h.samples)-1].busy*ticks)+100, int(h.samples[len(h.samples)-1].own*ticks)+100-300, 300)
	}
	if load, _ := h.Load(); load > 0.001 {
		t.Errorf("load %g after a minute without others", load)
	}
	if len(h.samples) > 15 {
		t.Errorf("%d samples are kept", len(h.samples))
	}
}

func TestBattery(t *testing.T) {
	for name, test := range map[string]struct {
		supplies string // name type field=value …
		on       bool
	}{
		"none":          {"", false},
		"mains":         {"AC Mains online=1;BAT0 Battery status=Discharging", false},
		"unplugged":     {"AC Mains online=0;BAT0 Battery status=Discharging", true},
		"charging":      {"AC Mains online=0;BAT0 Battery status=Charging", false},
		"full":          {"BAT0 Battery status=Full", false},
		"of a mouse":    {"mouse Battery status=Discharging scope=Device", false},
		"no mains told": {"BAT0 Battery status=Full;BAT1 Battery status=Discharging", true},
	} {
		root := t.TempDir()
		for _, supply := range strings.Split(test.supplies, ";") {
			fields := strings.Fields(supply)
			if len(fields) == 0 {
				continue
			}
			folder := "sys/class/power_supply/" + fields[0] + "/"
			put(t, root, folder+"type", fields[1]+"\n")
			for _, f := range fields[2:] {
				key, value, _ := strings.Cut(f, "=")
				put(t, root, folder+key, value+"\n")
			}
		}
		if on := (&Host{root: root}).OnBattery(); on != test.on {
			t.Errorf("%s: on battery %v, want %v", name, on, test.on)
		}
	}
}

type machine struct {
	load    float64
	known   bool
	battery bool
}

func (m machine) Load() (float64, bool) { return m.load, m.known }
func (m machine) OnBattery() bool       { return m.battery }

type always struct{}

func (always) Contains(time.Time) bool { return true }
func (always) String() string          { return "sat 00:00-24:00" }

func TestRules(t *testing.T) {
	for want, test := range map[string]struct {
		rules Rules
		m     machine
	}{
		"":                            {Rules{}, machine{load: 1, battery: true}},
		"quiet hours sat 00:00-24:00": {Rules{Quiet: []Hours{always{}}, OffOnly: true}, machine{battery: true}},
		"on battery":                  {Rules{OffOnly: true}, machine{battery: true}},
		"the load of the machine is being measured":                     {Rules{LoadBelow: 0.5}, machine{}},
		"other programs use 50 % of the cores; photos begin below 50 %": {Rules{LoadBelow: 0.5}, machine{load: 0.5, known: true}},
	} {
		if got := test.rules.Why(time.Now(), test.m); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if why := (Rules{LoadBelow: 0.5, OffOnly: true}).Why(time.Now(), machine{load: 0.49, known: true}); why != "" {
		t.Error(why)
	}
}
