package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// reviewed is the configuration with a folder under review.
func reviewed() string {
	return strings.Replace(configuration, "settle: 100ms,", "settle: 100ms, review: true,", 1)
}

// approve approves what waits, again and again, through the daemon or in the ledger
// where there is none; every second time the command is killed. It ends with ctx.
func (r *run) approve(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		limit := time.Minute
		if n%2 == 1 {
			limit = 40 * time.Millisecond
		}
		short, cancel := context.WithTimeout(ctx, limit)
		cmd := exec.CommandContext(short, *burnish, "review", "approve", "-c", "burnish.yaml", "--all")
		cmd.Dir = r.folder
		_ = cmd.Run() // what is stale, or without a daemon yet, is an error
		cancel()
		time.Sleep(150 * time.Millisecond)
	}
}

// approving approves beside what follows, until stop, which may be called twice.
func (r *run) approving() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.approve(ctx)
	}()
	r.endApproval = func() { cancel(); <-ended }
	return r.endApproval
}

// rejectRest ends approval, and gives up the results of photos that were deleted or
// renamed while they waited.
func (r *run) rejectRest() error {
	r.endApproval()
	reject := exec.Command(*burnish, "review", "reject", "-c", "burnish.yaml", "--all")
	reject.Dir, reject.Stderr = r.folder, r.log
	if err := reject.Run(); err != nil {
		return fmt.Errorf("reject what is left: %w; see %s", err, r.log.Name())
	}
	return nil
}

// checkReview finds results that still lie where they waited.
func (r *run) checkReview() (faults []error) {
	left, _ := filepath.Glob(filepath.Join(r.folder, "state", "review", "*", "*", "*"))
	for _, path := range left {
		faults = append(faults, fmt.Errorf("%s waits for review, or was left there", path))
	}
	return faults
}

// unapproved starts a daemon, in peace, before anything was approved: it publishes
// nothing.
func (r *run) unapproved() error {
	for range 5 {
		if err := r.drops.drop(); err != nil {
			return err
		}
	}
	once := exec.Command(*burnish, "run", "-c", "burnish.yaml", "--once")
	once.Dir, once.Stderr = r.folder, r.log
	_ = once.Run() // 1 where one of them is broken
	published, err := os.ReadDir(filepath.Join(r.folder, "out"))
	if err == nil && len(published) > 0 {
		err = fmt.Errorf("%s was published and not approved", published[0].Name())
	}
	return err
}
