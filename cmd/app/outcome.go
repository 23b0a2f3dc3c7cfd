package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/series"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/schedule"
)

// outcome reports how a task ended and says what becomes of it.
func (a *App) outcome(e ending) schedule.Outcome {
	photo := e.task.Path
	along := a.along[photo]
	delete(a.along, photo)
	if e.err == nil {
		delete(a.failed, photo)
		a.wentAlong(e.result.Sidecars)
		a.metrics.succeeded(e.pipeline, e.result)
		a.review.ended(e.result)
		if e.result.State == plugin.Skipped {
			a.tally.skip(e.result.Reason)
			a.log.Debug("skipped", append(about(a, e, event.PhotoSkipped, "skipped"), "photo", photo, "reason", e.result.Reason)...)
		} else {
			a.tally.end(e.result, time.Now())
			if e.result.Notes[plugin.ReviewNote] == "" { // else it was counted when it was made
				a.series.Add(time.Now(), sampleOf(e.result))
			}
			what, told := "done", about(a, e, event.PhotoDone, "done")
			switch {
			case e.result.State == plugin.Waiting:
				what, told = "waits for review", about(a, e, event.PhotoWaiting, "waiting")
			case e.result.Reason != "":
				told = about(a, e, event.PhotoCopied, "copied")
			}
			a.log.Info(what, append(told, attributes(photo, e.result, a.log.Enabled(context.Background(), slog.LevelDebug))...)...)
		}
		return schedule.Outcome{}
	}
	if errors.Is(e.err, worker.ErrSuspect) {
		a.log.Warn("will retry in isolation", event.PhotoIsolated.Attr(), "photo", photo, "reason", e.err)
		return schedule.Outcome{NotCounted: true, Exclusive: true, Class: string(plugin.Crashed)}
	}
	var failure *plugin.Error
	if !errors.As(e.err, &failure) {
		failure = &plugin.Error{Path: photo, Kind: plugin.Stopped, Err: e.err}
	}
	if _, err := os.Lstat(photo); errors.Is(err, fs.ErrNotExist) && !failure.Quarantined {
		delete(a.failed, photo)
		if along {
			a.log.Debug("moved with its original", "file", photo)
			return schedule.Outcome{}
		}
		a.current.watch.Resend(photo) // its folder may come back with it
		a.log.Info("file removed before processing", "photo", photo)
		return schedule.Outcome{}
	}
	if failure.Kind == plugin.Swapped {
		delete(a.failed, photo)
		a.current.watch.Resend(photo) // it may be put back
		a.log.Warn("file replaced before processing, skipped", "photo", photo, "error", failure.Err)
		return schedule.Outcome{}
	}
	reason, hint := e.err.Error(), failure.Hint
	if hint != "" {
		reason = strings.TrimSuffix(reason, "; "+hint)
	}
	a.tally.last = &api.LastError{Photo: photo, Reason: reason, Hint: hint, Time: time.Now().Round(time.Second)}
	a.tally.batch.end(e.result.Elapsed, true, time.Now())
	a.failed[photo] = nil
	a.series.Add(time.Now(), series.Sample{Failed: 1})
	a.metrics.failed(e.pipeline, failure, e.result)
	if a.options.Once {
		a.failed[photo] = e.err
	}
	o := schedule.Outcome{
		Class: string(failure.Kind), Shared: failure.Shared(),
		Exclusive: failure.Kind == plugin.Crashed || failure.Kind == plugin.Starved,
		Retry:     !a.options.Once && !failure.Quarantined && failure.Kind != plugin.Stopped,
	}
	message, what := "failed", about(a, e, event.PhotoFailed, "failed")
	switch {
	case failure.Quarantined:
		message, what = "quarantined", about(a, e, event.PhotoQuarantined, "quarantined")
	case o.Retry:
		message = "failed, will retry"
	}
	what = append(what, "photo", photo, "kind", failure.Kind, "error", reason)
	if hint != "" {
		what = append(what, "hint", hint)
	}
	a.log.Error(message, what...)
	return o
}

// about are the attributes for programs of a line on a photo's end.
func about(a *App, e ending, kind event.Kind, result string) []any {
	all := []any{
		kind.Attr(), event.Detailed("result", result), event.Detailed("folder", e.task.Folder),
		event.Detailed("pipeline", e.pipeline),
	}
	if e.err != nil && e.result.Elapsed > 0 {
		all = append(all, slog.Any("seconds", event.Seconds(e.result.Elapsed.Round(time.Millisecond).Seconds())))
	}
	return all
}

// wentAlong takes note of sidecars that moved with their original and have yet to
// be looked at themselves: that they are gone is nothing to tell.
func (a *App) wentAlong(sidecars []string) {
	for _, path := range sidecars {
		if a.current.queue.Has(path) {
			a.along[path] = true
		}
	}
}

// attributes are what a line of the log says of a photo that is done. Digests,
// self-tests and the like are in the outputs' XMP and, verbose, here.
func attributes(photo string, r plugin.Result, verbose bool) []any {
	all := []any{"photo", photo, "outputs", len(r.Outputs), "took", r.Elapsed.Round(time.Millisecond)}
	if device := r.Notes["device"]; device != "" {
		all = append(all, "device", device)
	}
	if r.Reason != "" && r.State != plugin.Waiting { // which the line says itself
		all = append(all, "reason", r.Reason)
	}
	told := map[string]string{} // by a fixed key: which output it is of stands in the value
	for _, key := range slices.Sorted(maps.Keys(r.Notes)) {
		if key == "device" || !verbose && !matters(key, r.Notes[key]) {
			continue
		}
		kind, output, some := strings.Cut(key, ":")
		if slices.Contains(reserved, kind) {
			continue
		}
		text := r.Notes[key]
		if some {
			text = output + ": " + text
		}
		if told[kind] != "" {
			text = told[kind] + "; " + text
		}
		told[kind] = text
	}
	for _, kind := range slices.Sorted(maps.Keys(told)) {
		all = append(all, kind, told[kind])
	}
	return all
}

// reserved are attributes that no note may stand for: notes come from the worker.
var reserved = []string{"photo", "outputs", "took", "seconds", "reason", "result", "folder", "pipeline", "kind", "error", "hint", "dump", event.Key}

// matters reports whether people should hear of a note: of what the outputs are
// not, or not as usual.
func matters(note, value string) bool {
	kind, _, _ := strings.Cut(note, ":")
	switch kind {
	case "model", "model_digest", "self_test", "evidence", "pages", "delta_e":
		return false
	case "further_pictures":
		return !strings.HasSuffix(value, " kept")
	}
	return true
}
