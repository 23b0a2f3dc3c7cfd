package plugin

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// unlimited is what a cgroup says in bytes, or more, where it sets no limit.
const unlimited = 1 << 60

// memoryLimit is the least memory in bytes that the cgroups of this process
// allow, v1 or v2, the ones around it included; 0 where they set no limit. root
// is "/", but for tests.
func memoryLimit(root string) (least int64) {
	for _, group := range memoryGroups(root) {
		for _, file := range []string{"memory.max", "memory.high", "memory.limit_in_bytes"} {
			n := number(filepath.Join(group, file))
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
func memoryGroups(root string) (folders []string) {
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
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
			folders = append(folders, filepath.Join(root, mount, dir))
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	return folders
}

// outOfMemoryKills is how many processes the kernel has ended for want of
// memory in this process's cgroups and on the whole machine. It only grows.
func outOfMemoryKills(root string) (kills int64) {
	files := []string{filepath.Join(root, "proc/vmstat")}
	for _, group := range memoryGroups(root) {
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

// OutOfMemoryKills is a number that grows whenever the kernel ends a process
// for want of memory, here or on the machine.
func OutOfMemoryKills() int64 { return outOfMemoryKills("/") }

// Memory is what this process and its children may hold at most, in bytes: all
// of the machine's, or what their cgroups allow.
func Memory() int64 {
	total := installed()
	if c := memoryLimit("/"); c > 0 && (total == 0 || c < total) {
		return c
	}
	return total
}

// MoreMemory is the remedy where memory is what lacks.
func MoreMemory() string { return moreMemory(memoryLimit("/"), installed()) }

func moreMemory(limit, installed int64) string {
	if limit > 0 && (installed == 0 || limit < installed) {
		return fmt.Sprintf("its cgroup allows %d MiB: raise MemoryMax of the service (systemctl edit burnish), or the container's limit; or give promptcir a smaller tile", limit>>20)
	}
	return fmt.Sprintf("the machine has %d MiB of memory: add some, end what else takes it, or give promptcir a smaller tile", installed>>20)
}

// number is the whole number in a file, 0 where there is none.
func number(path string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64) // "max" is no limit
	return n
}

// proc is a value in bytes of a file of lines "Key:  N kB", 0 where it is not told.
func proc(path, key string) int64 {
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

// resident is what this process holds in memory, in bytes.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm") // a photo's run asks often: this costs the least
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), " ")
	pages, _, _ := strings.Cut(rest, " ")
	n, _ := strconv.ParseInt(pages, 10, 64)
	return n * int64(os.Getpagesize())
}

// installed is the machine's memory, in bytes.
func installed() int64 { return proc("/proc/meminfo", "MemTotal") }

// available is what the machine can give without swapping, in bytes.
func available() int64 { return proc("/proc/meminfo", "MemAvailable") }
