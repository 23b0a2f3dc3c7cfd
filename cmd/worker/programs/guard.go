package programs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/admission"
)

const (
	guardEvery    = 200 * time.Millisecond
	mostProcesses = 32 // of one program, where it may start any
)

// guard ends the program when it, with all that it started, takes too much memory
// or is too many processes.
func (c *child) guard(memory int64, forks bool) {
	tick := time.NewTicker(guardEvery)
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
			c.kill(fmt.Sprintf("it was ended, since it had %d processes and may have %d", n, mostProcesses))
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

// group are the processes of a process group.
func group(leader int) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, ok := strings.Cut(string(text), ") ") // after the name
		fields := strings.Fields(rest)
		if !ok || len(fields) < 3 || fields[2] != strconv.Itoa(leader) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
