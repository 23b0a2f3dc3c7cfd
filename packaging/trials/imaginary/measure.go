package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

func cores() int { return runtime.NumCPU() }

// figures are what turns of one server add up to.
type figures struct {
	took time.Duration
	cpu  float64 // seconds
	peak float64 // MiB
}

// measure prints throughput, processor time and memory, by turns.
func measure(servers []*server, photo []byte) error {
	for name, request := range map[string]string{"Nextcloud's request": nextcloud(1024), "fit alone": "fit?width=1024&height=1024&type=jpeg&quality=80&stripmeta=true"} {
		all := make([]figures, len(servers))
		for range *turns {
			for i, s := range servers {
				if err := s.turn(request, photo, &all[i]); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
			}
		}
		n := float64(*turns * *requests)
		for i, s := range servers {
			f := all[i]
			fmt.Printf("%s, %s: %.1f photos/s, %.0f ms of processor each, %.0f MiB at most\n", name, s.name, n/f.took.Seconds(), f.cpu/n*1000, f.peak)
		}
		if len(all) == 2 {
			fmt.Printf("%s: throughput ×%.2f, processor time ×%.2f, memory ×%.2f\n", name, all[1].took.Seconds()/all[0].took.Seconds(), all[0].cpu/all[1].cpu, all[0].peak/all[1].peak)
		}
	}
	return nil
}

// turn sends the requests of one turn.
func (s *server) turn(request string, photo []byte, f *figures) error {
	before, began := s.cpu(), time.Now()
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				f.peak = max(f.peak, s.memory())
			}
		}
	})
	errs := make([]error, *clients)
	var sending sync.WaitGroup
	for c := range *clients {
		sending.Go(func() {
			for range *requests / *clients {
				a, err := s.ask(request, photo)
				if err == nil && a.status != http.StatusOK {
					err = fmt.Errorf("status %d: %s", a.status, a.body)
				}
				errs[c] = errors.Join(errs[c], err)
			}
		})
	}
	sending.Wait()
	f.took += time.Since(began)
	f.cpu += s.cpu() - before
	close(done)
	watching.Wait()
	return errors.Join(errs...)
}

// processes are the server's and its children's.
func (s *server) processes() []int {
	all := []int{s.process.Process.Pid}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if f := fields(path); len(f) > 1 && f[1] == strconv.Itoa(all[0]) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				all = append(all, pid)
			}
		}
	}
	return all
}

// fields are those of a process's stat behind its name.
func fields(path string) []string {
	text, err := os.ReadFile(path)
	at := strings.LastIndex(string(text), ")")
	if err != nil || at < 0 {
		return nil // it has ended
	}
	return strings.Fields(string(text[at+1:]))
}

// cpu is the processor time in seconds.
func (s *server) cpu() (sum float64) {
	for _, pid := range s.processes() {
		if f := fields(fmt.Sprintf("/proc/%d/stat", pid)); len(f) > 12 {
			for _, ticks := range f[11:13] {
				n, _ := strconv.ParseFloat(ticks, 64)
				sum += n / 100
			}
		}
	}
	return sum
}

// memory is what the processes hold in MiB, of what they share their part.
func (s *server) memory() (sum float64) {
	for _, pid := range s.processes() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
				n, _ := strconv.ParseFloat(f[1], 64)
				sum += n / 1024
			}
		}
	}
	return sum
}
