package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// burnish runs a command to its end and prints its time and memory.
func (t *trial) burnish(name string, args ...string) error { return t.killed(name, "", 0, args...) }

// killed runs a command that is killed once so many files are in a folder, or
// for a negative number as few; with 0 it runs to its end.
func (t *trial) killed(name, folder string, at int, args ...string) error {
	log, err := os.OpenFile(filepath.Join(t.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(*burnish, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.folder, log, log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	m := memory{}
	for tick := 1; ; tick++ {
		select {
		case err := <-ended:
			if at != 0 && err == nil {
				err = errEnded
			}
			m.print(name, time.Since(began))
			if err != nil {
				err = fmt.Errorf("%s: %w; see %s", strings.Join(args, " "), err, log.Name())
			}
			return err
		case <-time.After(500 * time.Millisecond):
		}
		m.sample(cmd.Process.Pid)
		if at == 0 || tick%4 > 0 {
			continue
		}
		if n := count(filepath.Join(t.folder, folder)); at > 0 && n >= at || at < 0 && n <= -at {
			_ = errors.Join(cmd.Process.Kill(), <-ended)
			m.print(name, time.Since(began))
			return nil
		}
	}
}

// memory are the resident bytes, without pages of files such as the ledger's, of a command and the processes that it started,
// over time.
type memory struct{ samples []int64 }

func (m *memory) sample(pid int) {
	total := resident(pid)
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		children, _ := os.ReadFile(thread) // it may have ended
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				total += resident(n)
			}
		}
	}
	m.samples = append(m.samples, total)
}

func resident(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// print tells of the time and of the memory at each quarter of it.
func (m *memory) print(name string, took time.Duration) {
	text := ""
	for quarter := 1; quarter <= 4 && len(m.samples) > 0; quarter++ {
		text += fmt.Sprintf(" %4d", m.samples[(len(m.samples)-1)*quarter/4]/1e6)
	}
	fmt.Printf("%-34s %8s  MB at quarters:%s\n", name, took.Round(100*time.Millisecond), text)
}
