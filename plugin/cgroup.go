package plugin

import (
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
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		mount, files := "", []string(nil)
		switch {
		case parts[0] == "0" && parts[1] == "":
			mount, files = "sys/fs/cgroup", []string{"memory.max", "memory.high"}
		case strings.Contains(","+parts[1]+",", ",memory,"):
			mount, files = "sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}
		}
		for _, file := range files {
			for dir := parts[2]; ; dir = filepath.Dir(dir) {
				// A container sees its own group at the mount's root, by whatever name.
				n := number(filepath.Join(root, mount, dir, file))
				if n > 0 && n < unlimited && (least == 0 || n < least) {
					least = n
				}
				if dir == "/" || dir == "." {
					break
				}
			}
		}
	}
	return least
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
