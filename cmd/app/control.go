package app

import (
	"context"
	"errors"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
)

// errStopping is what who asks a daemon that has stopped is told.
var errStopping = errors.New("the daemon is stopping")

// exec lets the loop run f and waits for it.
func (a *App) exec(f func()) error {
	done := make(chan struct{})
	select {
	case a.commands <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-a.stopped:
		return errStopping
	}
}

// Pause stops photos from being started, or lets them be started again.
func (a *App) Pause(paused bool) error {
	var err error
	asked := a.exec(func() {
		if err = SetPaused(a.current.config.StateDir, paused); err == nil {
			a.paused = paused
		}
	})
	return errors.Join(asked, err)
}

// Requeue takes up photos that the watcher has sent already.
func (a *App) Requeue(photos []string) error {
	defer a.changes.count(context.Background(), a, false)
	return a.exec(func() {
		for _, photo := range photos {
			if folder, ok := a.current.config.folderOf(photo); ok {
				a.current.queue.Add(photo, folder, time.Now())
			}
		}
	})
}

// records answers the verbs of the records by the worker of the moment.
func (a *App) records() api.Service {
	return api.Borrowed(func(answer func(api.Service)) error {
		if !a.worker.use(func(w Worker) { answer(w.Records()) }) {
			return errStopping
		}
		return nil
	})
}
