package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// changeStorm changes one of the two outputs again and again, on_change being
// redo, and kills the daemon while it makes them anew; now and then it undoes or
// redoes, killed too. In the end every output is of the last configuration.
func (r *run) changeStorm() error {
	began := time.Now()
	r.changed = true
	for k := range *changes {
		if err := r.configure(24 + 4*(k%3)); err != nil {
			return err
		}
		if r.random.IntN(4) == 0 {
			if err := r.undoKilled(r.random.IntN(2) == 0); err != nil {
				return err
			}
		}
		if err := r.start(); err != nil {
			return err
		}
		r.moment()
		if err := r.kill(); err != nil {
			return err
		}
	}
	if err := r.undoAll(true); err != nil {
		return err
	}
	if err := r.configure(40); err != nil {
		return err
	}
	if err := r.finish(); err != nil {
		return fmt.Errorf("after %d changes: %w", *changes, err)
	}
	if err := r.nothingChanged(); err != nil {
		return err
	}
	fmt.Printf("%d kills during changes in %s\n", *changes, time.Since(began).Round(time.Second))
	return nil
}

// configure writes the configuration, with thumbnails of that side.
func (r *run) configure(side int) error {
	r.sides = append(r.sides, side)
	text := configuration
	if *review {
		text = reviewed()
	}
	if r.canary {
		text = strings.Replace(text, "on_change: redo", "on_change: redo, canary: 40%%", 1)
	}
	return os.WriteFile(filepath.Join(r.folder, "burnish.yaml"), fmt.Appendf(nil, text, side, side), 0o644)
}

// nothingChanged finds what a start says of photos that were done by a pipeline of
// before: there are none.
func (r *run) nothingChanged() error {
	once := exec.Command(*burnish, "run", "-c", "burnish.yaml", "--once")
	once.Dir = r.folder
	said, _ := once.CombinedOutput() // 1 while broken photos are tried
	if i := bytes.Index(said, []byte("changed at")); i >= 0 {
		return fmt.Errorf("all was made anew, and yet the pipeline %.120s", said[i:])
	}
	return nil
}
