// Package pace decides when photos may begin, for the sake of others: by the hour
// and the day of the week, by what other programs do on the machine, and by what
// powers it. It knows no photo and no configuration file.
package pace

import (
	"fmt"
	"time"
)

// Hours are a part of the day, or of some days of the week.
type Hours interface {
	Contains(time.Time) bool
	String() string
}

// Rules say when photos may begin. The zero value lets them begin at any time.
type Rules struct {
	Quiet     []Hours // none begins in them
	LoadBelow float64 // part of the cores, up to 1, that other programs use; with as much or more none begins; 0: any load
	OffOnly   bool    // none begins on battery
}

// Machine is what the rules ask of the machine.
type Machine interface {
	// Load is the part of the cores that other programs used of late; ok is false
	// where it is not known yet, or cannot be.
	Load() (part float64, ok bool)
	OnBattery() bool
}

// Why is the reason for which no photo may begin now, "" where one may.
func (r Rules) Why(now time.Time, m Machine) string {
	for _, h := range r.Quiet {
		if h.Contains(now) {
			return "quiet hours " + h.String()
		}
	}
	if r.OffOnly && m.OnBattery() {
		return "on battery"
	}
	if r.LoadBelow == 0 {
		return ""
	}
	switch load, ok := m.Load(); {
	case !ok:
		return "the load of the machine is being measured"
	case load >= r.LoadBelow:
		return fmt.Sprintf("other programs use %.0f %% of the cores; photos begin below %.0f %%", load*100, r.LoadBelow*100)
	}
	return ""
}

// Any reports whether there is any rule.
func (r Rules) Any() bool { return len(r.Quiet) > 0 || r.LoadBelow > 0 || r.OffOnly }
