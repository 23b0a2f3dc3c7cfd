package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// healStorm alters outputs, has them made again, and kills whoever is at it. In the
// end every output is as it was, and what it was altered to lies in the trash.
func (r *run) healStorm() error {
	began := time.Now()
	names := slices.Sorted(maps.Keys(r.drops.valid))
	if len(names) == 0 {
		return nil
	}
	before, altered := map[string][]byte{}, [][]byte(nil)
	for k := range *heals {
		path := filepath.Join(r.folder, "out", outputs(names[r.random.IntN(len(names))])[k%2])
		if before[path] == nil {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			before[path] = data
			altered = append(altered, fmt.Appendf(bytes.Clone(data), "altered %d", k))
			if err := os.WriteFile(path, altered[len(altered)-1], 0o644); err != nil {
				return err
			}
		}
		if err := r.healKilled(k%3 == 0); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"verify", "--heal=altered", "--yes"}, {"run", "--once"}} {
		cmd := exec.Command(*burnish, append(args, "-c", "burnish.yaml")...)
		cmd.Dir, cmd.Stderr = r.folder, r.log
		_ = cmd.Run() // 1 where originals are missing, or photos broken
	}
	for path, want := range before {
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s was not made again: %d bytes instead of %d", path, len(got), len(want))
		}
	}
	if err := r.inTrash(altered); err != nil {
		return err
	}
	fmt.Printf("%d kills while altered outputs were made again in %s\n", *heals, time.Since(began).Round(time.Second))
	return nil
}

// healKilled kills verify, and then the daemon, which makes outputs again.
func (r *run) healKilled(late bool) error {
	cmd := exec.Command(*burnish, "verify", "--heal=altered", "--yes", "-c", "burnish.yaml")
	cmd.Dir, cmd.Stderr = r.folder, r.log
	if err := cmd.Start(); err != nil {
		return err
	}
	if late {
		_ = cmd.Wait() // 1 where something was found
	} else {
		time.Sleep(time.Duration(r.random.IntN(300)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if err := r.start(); err != nil {
		return err
	}
	r.moment()
	return r.kill()
}

// inTrash finds files by their content.
func (r *run) inTrash(want [][]byte) error {
	var kept [][]byte
	err := filepath.WalkDir(filepath.Join(r.folder, "state", "trash"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		kept = append(kept, data)
		return err
	})
	for _, data := range want {
		if !slices.ContainsFunc(kept, func(k []byte) bool { return bytes.Equal(k, data) }) {
			return fmt.Errorf("a file that somebody had altered, of %d bytes, is lost", len(data))
		}
	}
	return err
}
