package admission

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Host is a machine as its /proc and /sys tell of it, and as this process's
// cgroups bound it, v1 or v2.
type Host struct{ root string }

// ThisHost is the machine that this process runs on.
var ThisHost = HostAt("/")

// HostAt is the machine whose proc and sys lie in the folder root.
func HostAt(root string) Host { return Host{root} }

// Memory is what this process and its children may hold at most, in bytes: all
// of the machine's, or what their cgroups allow; 0 where the system does not tell.
func (h Host) Memory() int64 {
	installed := h.installed()
	if limit := h.CgroupLimit(); limit > 0 && (installed == 0 || limit < installed) {
		return limit
	}
	return installed
}

// workerShare is the part of the memory that is there that one worker process
// may hold.
const workerShare = 0.9

// WorkerMemory is what one worker process may hold, in bytes: what is
// configured, or where that is 0 a share of what the machine and the cgroups
// allow; 0 where nothing is known.
func (h Host) WorkerMemory(configured int64) int64 {
	if configured > 0 {
		return configured
	}
	return int64(workerShare * float64(h.Memory()))
}

// Remedy is what to do where memory is what lacks.
func (h Host) Remedy() string {
	limit, installed := h.CgroupLimit(), h.installed()
	if limit > 0 && (installed == 0 || limit < installed) {
		return fmt.Sprintf("its cgroup allows %d MiB: raise MemoryMax of the service (systemctl edit burnish), or the container's limit; or give promptcir a smaller tile", limit>>20)
	}
	return fmt.Sprintf("the machine has %d MiB of memory: add some, end what else takes it, or give promptcir a smaller tile", installed>>20)
}

// unlimited is what a cgroup says in bytes, or more, where it sets no limit.
const unlimited = 1 << 60

// CgroupLimit is the least memory in bytes that the cgroups of this process
// allow, the ones around it included; 0 where they set no limit.
func (h Host) CgroupLimit() (least int64) {
	for _, group := range h.memoryGroups() {
		for _, file := range []string{"memory.max", "memory.high", "memory.limit_in_bytes"} {
			n := readNumber(filepath.Join(group, file))
			if n > 0 && n < unlimited && (least == 0 || n < least) {
				least = n
			}
		}
	}
	return least
}

// memoryGroups are the folders of the cgroups that may limit this process's
// memory, its own first. A container sees its own group at the mount's root, by
// whatever name.
func (h Host) memoryGroups() (folders []string) {
	groups, err := os.ReadFile(h.path("proc/self/cgroup"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		mount := ""
		switch {
		case parts[0] == "0" && parts[1] == "":
			mount = "sys/fs/cgroup"
		case strings.Contains(","+parts[1]+",", ",memory,"):
			mount = "sys/fs/cgroup/memory"
		default:
			continue
		}
		for dir := parts[2]; ; dir = filepath.Dir(dir) {
			folders = append(folders, h.path(mount, dir))
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	return folders
}

// OutOfMemoryKills is how many processes the kernel has ended for want of
// memory in this process's cgroups and on the whole machine. It only grows.
func (h Host) OutOfMemoryKills() (kills int64) {
	files := []string{h.path("proc/vmstat")}
	for _, group := range h.memoryGroups() {
		files = append(files, filepath.Join(group, "memory.events"), filepath.Join(group, "memory.oom_control"))
	}
	for _, file := range files {
		data, _ := os.ReadFile(file) // one that is not there counts nothing
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, "oom_kill "); ok {
				n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
				kills += n
			}
		}
	}
	return kills
}

// Resident is what this process holds in memory, in bytes; 0 where the system
// does not tell.
func (h Host) Resident() int64 {
	data, err := os.ReadFile(h.path("proc/self/statm")) // a photo's run asks often: this costs the least
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), " ")
	pages, _, _ := strings.Cut(rest, " ")
	n, _ := strconv.ParseInt(pages, 10, 64)
	return n * int64(os.Getpagesize())
}

// Anonymous is the memory that a process has for itself, in bytes, beside what
// the system could read again from files; 0 where the system does not tell.
func (h Host) Anonymous(pid int) int64 {
	return readKilobytes(h.path("proc", strconv.Itoa(pid), "status"), "RssAnon")
}

// Peak is the most memory that this process has held, in bytes; 0 where the
// system does not tell.
func (h Host) Peak() int64 { return readKilobytes(h.path("proc/self/status"), "VmHWM") }

// Available is what the machine can give without swapping, in bytes; 0 where the
// system does not tell.
func (h Host) Available() int64 { return readKilobytes(h.path("proc/meminfo"), "MemAvailable") }

// installed is the machine's memory, in bytes.
func (h Host) installed() int64 { return readKilobytes(h.path("proc/meminfo"), "MemTotal") }

func (h Host) path(parts ...string) string {
	return filepath.Join(append([]string{h.root}, parts...)...)
}

// readNumber is the whole number in a file, 0 where there is none.
func readNumber(path string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64) // "max" is no limit
	return n
}

// readKilobytes is a value in bytes of a file of lines "Key:  N kB", 0 where it
// is not told.
func readKilobytes(path, key string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		rest, ok := strings.CutPrefix(line, key+":")
		if !ok {
			continue
		}
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		return kb << 10
	}
	return 0
}
