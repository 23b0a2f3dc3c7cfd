package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// undoStorm undoes and redoes what was done, killed at random moments, with and
// without a daemon. In the end everything is undone, which is checked, and redone.
func (r *run) undoStorm() error {
	began := time.Now()
	for k := range *undos {
		redo := r.random.IntN(3) == 0
		if k%2 == 0 {
			if err := r.undoKilled(redo); err != nil {
				return err
			}
			continue
		}
		if err := r.undoThroughKilled(redo); err != nil {
			return err
		}
	}
	if err := r.undoAll(false); err != nil {
		return err
	}
	if err := r.nothingLeft(); err != nil {
		return fmt.Errorf("after an undo of everything: %w", err)
	}
	if faults := append(r.checkOriginals(), r.checkUndone()...); len(faults) > 0 {
		return fmt.Errorf("after an undo of everything: %w", errors.Join(faults...))
	}
	if err := r.undoAll(true); err != nil {
		return err
	}
	fmt.Printf("%d kills during undo and redo in %s\n", *undos, time.Since(began).Round(time.Second))
	return nil
}

func (r *run) undoCommand(redo bool) *exec.Cmd {
	args := []string{"undo", "-c", "burnish.yaml", "--since", "2000-01-01", "--yes"}
	if redo {
		args = append(args, "--redo")
	}
	cmd := exec.Command(*burnish, args...)
	cmd.Dir, cmd.Stderr = r.folder, r.log
	return cmd
}

// moment waits for at most a second and a half.
func (r *run) moment() { time.Sleep(time.Duration(r.random.IntN(1500)) * time.Millisecond) }

// undoKilled kills the command, which has the ledger open itself.
func (r *run) undoKilled(redo bool) error {
	cmd := r.undoCommand(redo)
	if err := cmd.Start(); err != nil {
		return err
	}
	r.moment()
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it may have ended before
	return nil
}

// undoThroughKilled kills the daemon that the command has asked.
func (r *run) undoThroughKilled(redo bool) error {
	if err := r.start(); err != nil {
		return err
	}
	if err := r.answers(); err != nil {
		return err
	}
	cmd := r.undoCommand(redo)
	if err := cmd.Start(); err != nil {
		return err
	}
	r.moment()
	err := r.kill()
	_ = cmd.Wait() // it lost its daemon
	return err
}

// undoAll undoes or redoes everything, in peace. Photos that were deleted or
// renamed are refused: their outputs are all that is left.
func (r *run) undoAll(redo bool) error {
	err := r.undoCommand(redo).Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("undo, redo %t: %w; see %s", redo, err, r.log.Name())
	}
	return nil
}

// checkUndone finds outputs of photos that are there.
func (r *run) checkUndone() (faults []error) {
	for name := range r.drops.valid {
		for _, o := range outputs(name) {
			if _, err := os.Lstat(filepath.Join(r.folder, "out", o)); !errors.Is(err, fs.ErrNotExist) {
				faults = append(faults, fmt.Errorf("the output %s was not taken away", o))
			}
		}
	}
	return faults
}
