package pace

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	window      = time.Minute     // that the load is a mean of
	sampleEvery = 4 * time.Second // at most
	ticks       = 100             // a second: USER_HZ of /proc, which Linux never changes
)

// Host is the machine as Linux tells of it. It belongs to one goroutine. The zero
// value looks at this machine and counts this process, and those that it started,
// as its own.
type Host struct {
	root    string // of /proc and /sys; "": /
	pid     int    // 0: this process
	samples []sample
}

// sample are the seconds of all cores that were used by then.
type sample struct {
	at        time.Time
	busy, own float64
	cores     int
}

// Look takes a sample, unless the last one is recent.
func (h *Host) Look(now time.Time) {
	if n := len(h.samples); n > 0 && now.Sub(h.samples[n-1].at) < sampleEvery {
		return
	}
	s, ok := h.sample()
	if !ok {
		return
	}
	s.at = now
	h.samples = append(h.samples, s)
	for len(h.samples) > 2 && now.Sub(h.samples[1].at) >= window {
		h.samples = h.samples[1:]
	}
}

// Load implements [Machine]: the mean of the last minute, as far as it is known.
// What a process of our own used that ended since is taken for another's.
func (h *Host) Load() (part float64, ok bool) {
	if len(h.samples) < 2 {
		return 0, false
	}
	first, last := h.samples[0], h.samples[len(h.samples)-1]
	others := (last.busy - first.busy) - max(0, last.own-first.own)
	return max(0, others) / (last.at.Sub(first.at).Seconds() * float64(max(1, last.cores))), true
}

func (h *Host) sample() (s sample, ok bool) {
	data, err := os.ReadFile(filepath.Join("/", h.root, "proc/stat"))
	if err != nil {
		return s, false
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 5 || !strings.HasPrefix(fields[0], "cpu"):
		case fields[0] == "cpu":
			for i, field := range fields[1:] { // user nice system idle iowait irq softirq steal …
				n, err := strconv.ParseFloat(field, 64)
				if err == nil && i != 3 && i != 4 && i < 7 {
					s.busy += n / ticks
				}
			}
			ok = true
		default:
			s.cores++
		}
	}
	pid := h.pid
	if pid == 0 {
		pid = os.Getpid()
	}
	s.own = h.used(pid, 0)
	return s, ok
}

// used are the seconds that a process used, and those that it started.
func (h *Host) used(pid, depth int) (seconds float64) {
	folder := filepath.Join("/", h.root, "proc", strconv.Itoa(pid))
	data, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // the name may hold anything
	for _, at := range []int{11, 12, 13, 14} {                                // utime, stime, and those of children that have ended
		if at < len(fields) {
			n, _ := strconv.ParseFloat(fields[at], 64)
			seconds += n / ticks
		}
	}
	if depth == 4 {
		return seconds
	}
	threads, _ := filepath.Glob(filepath.Join(folder, "task/*/children"))
	for _, thread := range threads {
		children, _ := os.ReadFile(thread)
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				seconds += h.used(n, depth+1)
			}
		}
	}
	return seconds
}

// OnBattery implements [Machine]: a battery of the machine's own is being
// discharged, and nothing else supplies it.
func (h *Host) OnBattery() bool {
	supplies, _ := filepath.Glob(filepath.Join("/", h.root, "sys/class/power_supply/*"))
	read := func(supply, name string) string {
		text, _ := os.ReadFile(filepath.Join(supply, name))
		return strings.TrimSpace(string(text))
	}
	discharging := false
	for _, s := range supplies {
		switch kind := read(s, "type"); {
		case kind == "Battery" && read(s, "scope") != "Device": // of a mouse, for instance
			discharging = discharging || read(s, "status") == "Discharging"
		case kind == "Mains" && read(s, "online") == "1":
			return false
		}
	}
	return discharging
}
