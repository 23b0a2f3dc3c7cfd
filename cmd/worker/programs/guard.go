package programs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/admission"
)

const (
	guardEvery    = 200 * time.Millisecond
	guardGroup    = 50 * time.Millisecond // where there may be several processes
	mostProcesses = 32                    // of one program, where it may start any
)

// guard ends the program when it, with all that it started, takes too much memory
// or is too many processes.
func (c *child) guard(memory int64, forks bool) {
	every := guardEvery
	if forks {
		every = guardGroup
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.dead:
			return
		case <-tick.C:
		}
		pids := []int{c.pid}
		if forks {
			pids = group(c.pid)
		}
		if n := len(pids); n > mostProcesses {
			c.kill(fmt.Sprintf("it was ended, since it had more than %d processes", mostProcesses))
			continue
		}
		held := int64(0)
		for _, pid := range pids {
			held += admission.ThisHost.Anonymous(pid)
		}
		if held > memory {
			c.kill(fmt.Sprintf("it was ended, since it held %s of memory and may hold %s (operators.%s.memory)", diag.Size(held), diag.Size(memory), c.operator))
		}
	}
}

// group are the processes of a process group, but none beyond one more than a
// program may have: those that are started without end are found at once.
func group(leader int) (pids []int) {
	proc, err := os.Open("/proc")
	if err != nil {
		return []int{leader}
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1) // what there is of them
	var all []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all = append(all, pid)
		}
	}
	later := func(pid int) int { return (pid - leader) & 0x7fffffff } // numbers wrap around
	slices.SortFunc(all, func(a, b int) int { return later(a) - later(b) })
	for _, pid := range all {
		if groupOf(pid) == leader {
			if pids = append(pids, pid); len(pids) > mostProcesses {
				break
			}
		}
	}
	return pids
}

// groupOf is the process group of a process, 0 where it has gone.
func groupOf(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // after the name
	fields := strings.Fields(rest)
	if len(fields) < 3 {
		return 0
	}
	group, _ := strconv.Atoi(fields[2]) // as the kernel writes it
	return group
}

// tasks are the threads of all processes of this process's user.
func tasks() (n uint64) {
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, folder := range all {
		var s syscall.Stat_t
		if syscall.Stat(folder, &s) != nil || int(s.Uid) != os.Geteuid() {
			continue
		}
		if threads, err := os.ReadDir(filepath.Join(folder, "task")); err == nil {
			n += uint64(len(threads))
		}
	}
	return n
}
