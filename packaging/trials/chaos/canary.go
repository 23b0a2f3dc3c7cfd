package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// canaryStorm changes the pipeline again and again, which is tried on a sample, and
// kills the daemon while it tries, and then who takes the change back or lets it go
// on. What was taken back is as it was before, byte for byte; what goes on is made
// anew, all of it.
func (r *run) canaryStorm() error {
	began := time.Now()
	r.changed, r.canary = true, true
	for k := range *canaries {
		before, err := r.published()
		if err != nil {
			return err
		}
		if err := r.configure(41 + k); err != nil {
			return err
		}
		for range 2 {
			if err := r.start(); err != nil {
				return err
			}
			r.moment()
			if err := r.kill(); err != nil {
				return err
			}
		}
		verb := "back"
		if k%3 == 2 || k == *canaries-1 {
			verb = "go"
		}
		for n := range 3 {
			if err := r.decideKilled(verb, n == 1); err != nil {
				return err
			}
		}
		_ = r.decide(verb).Run() // 1 where that was decided before
		if verb == "go" {
			if err := r.finish(); err != nil {
				return fmt.Errorf("a change that goes on: %w", err)
			}
			continue
		}
		if err := r.isBack(before); err != nil {
			return fmt.Errorf("a change that was taken back: %w", err)
		}
	}
	if err := r.nothingChanged(); err != nil {
		return err
	}
	fmt.Printf("%d changes tried on a sample, killed, and decided on, in %s\n", *canaries, time.Since(began).Round(time.Second))
	return nil
}

func (r *run) decide(verb string) *exec.Cmd {
	cmd := exec.Command(*burnish, "canary", verb, "--yes", "-c", "burnish.yaml")
	cmd.Dir, cmd.Stderr = r.folder, r.log
	return cmd
}

// decideKilled kills the command, or the daemon that it asks.
func (r *run) decideKilled(verb string, daemon bool) error {
	if daemon {
		if err := r.start(); err != nil {
			return err
		}
		if err := r.answers(); err != nil {
			return err
		}
	}
	cmd := r.decide(verb)
	if err := cmd.Start(); err != nil {
		return err
	}
	time.Sleep(time.Duration(r.random.IntN(500)) * time.Millisecond)
	if daemon {
		err := r.kill()
		_ = cmd.Wait()
		return err
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it may have ended before
	return nil
}

// isBack finds that the outputs are those of before, once what a kill has left was
// swept, and that nobody wants to make others.
func (r *run) isBack(before map[string][]byte) error {
	if err := r.nothingLeft(); err != nil {
		return err
	}
	now, err := r.published()
	if err != nil || maps.EqualFunc(now, before, bytes.Equal) {
		return err
	}
	for path, was := range before {
		if is, ok := now[path]; !ok || !bytes.Equal(is, was) {
			return fmt.Errorf("%s had %d bytes and has %d, there: %t", path, len(was), len(is), ok)
		}
	}
	return fmt.Errorf("%d outputs have become %d", len(before), len(now))
}

// published are the outputs, by path.
func (r *run) published() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := filepath.WalkDir(filepath.Join(r.folder, "out"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	return all, err
}
