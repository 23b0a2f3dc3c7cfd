package admission

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPUShare is a part of the machine's cores: so many of them, and for how much of
// the time.
type CPUShare struct {
	Cores int     // that may be used at a time
	Duty  float64 // of the time, above 0 to 1: the rest of it is rest
}

// ShareOf is a part, above 0 to 1, of the cores; 0 is all of them.
func ShareOf(part float64, cores int) CPUShare {
	if part <= 0 || part >= 1 {
		return CPUShare{Cores: cores, Duty: 1}
	}
	want := part * float64(cores)
	n := max(1, int(math.Ceil(want-1e-9)))
	return CPUShare{Cores: n, Duty: want / float64(n)}
}

// Rest is how long to rest after so much work.
func (s CPUShare) Rest(worked time.Duration) time.Duration { return RestAfter(s.Duty, worked) }

// RestAfter is the rest that makes work take that part of the time; none where it
// may take all of it.
func RestAfter(duty float64, worked time.Duration) time.Duration {
	if duty <= 0 || duty >= 1 {
		return 0
	}
	return time.Duration(float64(worked) * (1/duty - 1))
}

// ConfineThread lets the calling thread, and threads and processes that it starts
// from now on, run on so many of the cores that it may use: the last ones. The
// goroutine is locked to it.
func ConfineThread(cores int) error {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return fmt.Errorf("read which cores may be used: %w", err)
	}
	some := lastOf(all, cores)
	if err := unix.SchedSetaffinity(0, &some); err != nil {
		return fmt.Errorf("use %d cores only: %w", cores, err)
	}
	return nil
}

// ConfineProcess does the same for the whole process, whatever runs in it, and for
// Go's scheduler.
func ConfineProcess(cores int) error {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return fmt.Errorf("read which cores may be used: %w", err)
	}
	some := lastOf(all, cores)
	for again := true; again; { // a thread may have started another before it was confined
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		again = false
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			var now unix.CPUSet
			err = unix.SchedGetaffinity(id, &now)
			if err == nil && now != some {
				again = true
				err = unix.SchedSetaffinity(id, &some)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) && !errors.Is(err, fs.ErrNotExist) { // it has ended
				return fmt.Errorf("use %d cores only: %w", cores, err)
			}
		}
	}
	runtime.GOMAXPROCS(cores)
	return nil
}

// lastOf are the last n of a set.
func lastOf(all unix.CPUSet, n int) (some unix.CPUSet) {
	for cpu := len(all)*strconv.IntSize - 1; cpu >= 0 && some.Count() < n; cpu-- {
		if all.IsSet(cpu) {
			some.Set(cpu)
		}
	}
	return some
}
