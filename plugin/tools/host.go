package tools

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/burnish-photo/burnish/plugin/admission"
	"golang.org/x/sys/unix"
)

// CheckMemory judges what this process may hold; configured is limits.memory,
// 0 where it is not set.
func CheckMemory(configured int64) Finding { return judgeMemory(admission.ThisHost, configured) }

func judgeMemory(host admission.Host, configured int64) Finding {
	memory := host.Memory()
	if memory == 0 {
		return Found("memory", "the system does not tell how much there is")
	}
	f := Found("memory", "%d MiB usable, %d MiB available now", memory>>20, host.Available()>>20)
	if limit := host.CgroupLimit(); limit > 0 {
		f.Detail += fmt.Sprintf("; the cgroup of this command allows %d MiB", limit>>20)
	} else {
		f.Detail += "; the cgroup of this command sets no limit"
	}
	if configured > memory {
		f.Detail += fmt.Sprintf("; limits.memory is %d MiB", configured>>20)
		return f.Warn("set limits.memory to less than %d MiB, or remove it", memory>>20)
	}
	return f
}

// CheckClock judges the time of day. Records, quiet hours and retention go by it.
func CheckClock() Finding {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	const unsynchronised = 5 // TIME_ERROR
	return judgeClock(time.Now(), built(), err != nil || state != unsynchronised && t.Status&unix.STA_UNSYNC == 0)
}

func judgeClock(now, built time.Time, synchronised bool) Finding {
	f := Found("clock", "%s", now.Format(time.RFC3339))
	switch {
	case now.Year() < built.Year():
		f.Detail += fmt.Sprintf(", before Burnish was built (%d)", built.Year())
		return f.Fail("set the clock: timedatectl set-ntp true")
	case !synchronised:
		f.Detail += ", which the kernel does not hold for synchronised"
		return f.Warn("switch time synchronisation on: timedatectl set-ntp true")
	}
	return f
}

// built is when this program was built, as far as that can be told.
func built() (t time.Time) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				t, _ = time.Parse(time.RFC3339, s.Value)
			}
		}
	}
	if exe, err := os.Executable(); err == nil && t.IsZero() {
		if info, err := os.Stat(exe); err == nil {
			return info.ModTime()
		}
	}
	return t
}
