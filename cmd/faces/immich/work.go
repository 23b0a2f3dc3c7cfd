package immich

import (
	"context"
	"crypto/sha1" // Immich knows assets by it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/plugin"
)

// How long an asset waits for another try, and how often it is tried. Tests
// shorten the first.
var firstWait = 5 * time.Second

const (
	maxWait    = time.Hour
	deniedWait = 10 * time.Minute // where the key lacks a right
	maxPause   = time.Minute      // of all, for a failure that may be one asset's
	maxTries   = 40
	maxAge     = 7 * 24 * time.Hour // of an asset that is given up after so many tries
	maxFailed  = 12                 // tries whose processing failed
)

// run works on assets until ctx ends.
func (f *Face) run(ctx context.Context) {
	for {
		i, ok, wake := f.next(time.Now())
		if ok {
			f.attempt(ctx, i)
			if ctx.Err() == nil {
				continue
			}
			return
		}
		timer := (<-chan time.Time)(nil)
		if !wake.IsZero() {
			timer = time.After(time.Until(wake))
		}
		select {
		case <-f.wake:
		case <-timer:
		case <-ctx.Done():
			return
		}
	}
}

// next is the asset whose turn it is, or else when to look again.
func (f *Face) next(now time.Time) (i item, ok bool, wake time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.setup.client == nil {
		return i, false, time.Time{}
	}
	i, ok, wake = f.queue.next(now)
	if f.state.Paused.After(now) && (ok || !wake.IsZero()) {
		return item{}, false, f.state.Paused
	}
	return i, ok, wake
}

// errLeft says that an asset is done without an upload, and why.
type errLeft struct{ why string }

func (e errLeft) Error() string { return e.why }

// attempt works on an asset and decides what becomes of it.
func (f *Face) attempt(ctx context.Context, i item) {
	f.mu.Lock()
	s := f.setup
	f.mu.Unlock()
	log := f.log.With("asset", i.Asset)
	err := f.restore(ctx, s, &i)
	f.mu.Lock()
	defer f.mu.Unlock()
	left, known, problem := errLeft{}, (*refused)(nil), (*intake.Problem)(nil)
	switch {
	case ctx.Err() != nil:
		return // it goes on after the next start
	case err == nil:
		f.state.Uploaded++
		f.state.Problem = ""
		log.Info("restored a photo of Immich", "upload", i.Upload)
	case errors.As(err, &left):
		f.state.LeftOut++
		log.Debug("a photo of Immich stays as it is", "reason", left.why)
	case errors.As(err, &known) && known.denied():
		f.later(i, deniedWait, deniedWait)
		f.state.Problem = known.Error()
		log.Error("Immich denies a request: give the API key the rights that the guide names", "error", err)
		return
	case lasting(err) || i.Failed+1 >= maxFailed && failed(err) || i.Tries >= maxTries && time.Since(i.Came) > maxAge:
		f.state.Failed++
		log.Warn("a photo of Immich was not restored", "error", err)
	default:
		wait := min(firstWait<<min(i.Tries, 20), maxWait)
		wait += rand.N(wait/2 + 1)
		pause := min(wait, maxPause)
		switch {
		case known != nil:
			wait, pause = max(wait, known.retryAfter), max(pause, known.retryAfter)
		case errors.As(err, &problem):
			pause = 0
			switch {
			case failed(err):
				i.Failed++
			case problem.Status != http.StatusInsufficientStorage: // which is found only when all is done
				wait = max(min(wait, maxPause), problem.RetryAfter)
			}
		}
		f.later(i, wait, pause)
		f.state.Problem = err.Error()
		log.Info("a photo of Immich waits for another try", "in", wait.Round(time.Second), "error", err)
		return
	}
	if err := f.queue.remove(i.Asset); err != nil {
		log.Error("what is done stays in the queue", "error", err)
	}
}

// later puts an asset off. Others wait for pause.
func (f *Face) later(i item, wait, pause time.Duration) {
	i.Tries++
	i.Next = time.Now().Add(wait)
	if pause > 0 {
		f.state.Paused = time.Now().Add(pause)
	}
	if err := f.queue.put(i); err != nil {
		f.log.Error("the queue cannot be written", "asset", i.Asset, "error", err)
		f.queue.items[i.Asset] = i // so that it is not tried at once
	}
}

// lasting reports whether another try would fail the same way.
func lasting(err error) bool {
	known, problem := (*refused)(nil), (*intake.Problem)(nil)
	switch {
	case errors.As(err, &known):
		return !known.passes() && !known.denied()
	case errors.As(err, &problem):
		switch problem.Status {
		case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusGatewayTimeout:
			return true
		}
	}
	return false
}

// failed reports whether the processing failed, and not for want of a place or
// of space.
func failed(err error) bool {
	problem := (*intake.Problem)(nil)
	return errors.As(err, &problem) && problem.RetryAfter == 0 && problem.Status >= 500
}

// restore takes an asset from where it is to its stack.
func (f *Face) restore(ctx context.Context, s Setup, i *item) error {
	a, err := s.client.asset(ctx, i.Asset)
	if err != nil {
		return err
	}
	if why := f.unwanted(a, s.tag); why != "" {
		return errLeft{why}
	}
	if i.Upload == "" && i.SHA1 != "" { // it may have been uploaded before a crash
		if i.Upload, err = s.client.find(ctx, i.Asset, i.SHA1); err != nil {
			return err
		}
	}
	if i.Upload == "" {
		if err := f.process(ctx, s, i, a); err != nil {
			return err
		}
	}
	if err := f.save(*i); err != nil {
		return err
	}
	if err := s.client.tag(ctx, s.tag, i.Upload); err != nil {
		return err
	}
	if err := s.client.stack(ctx, i.Upload, i.Asset); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.uploads.done(i.Asset, i.Upload)
}

func (f *Face) save(i item) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queue.put(i)
}

// unwanted is why nothing is done with an asset; "" where something is.
func (f *Face) unwanted(a asset, tag string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.uploads.originals[a.ID]:
		return "it is done"
	case f.uploads.isOwn(a, tag):
		return "Burnish has uploaded it"
	case a.Type != "IMAGE":
		return "it is no photo"
	case a.IsTrashed:
		return "it is in the trash"
	case a.Visibility == "locked" || a.Visibility == "hidden":
		return "it is " + a.Visibility
	}
	return ""
}

// process fetches an original, has it processed and uploads the result.
func (f *Face) process(ctx context.Context, s Setup, i *item, a asset) error {
	body, err := s.client.original(ctx, i.Asset)
	if err != nil {
		return err
	}
	defer body.Close()
	digest := sha1.New()
	photo, err := f.intake.Take(ctx, io.TeeReader(body, digest), a.OriginalFileName)
	if err != nil {
		return err
	}
	defer photo.Close()
	if want := hexSum(a.Checksum); want != "" && want != hex.EncodeToString(digest.Sum(nil)) {
		return errors.New("the original did not arrive whole: its checksum is another")
	}
	result, err := photo.Process(ctx, plugin.Job{Pipeline: s.pipeline, Only: []int{0}})
	if problem := (*intake.Problem)(nil); errors.As(err, &problem) && (problem.Kind == plugin.NotImage || problem.Kind == plugin.Unsupported) {
		return errLeft{problem.Detail} // a RAW, say
	}
	if err != nil {
		return err
	}
	receipt := v1.ReceiptOf(s.pipeline, photo.Digest(), result, func(int) string { return "" })
	if len(result.Outputs) == 0 || receipt.Decision == "left-alone" {
		return errLeft{receipt.Decision + ": " + receipt.Reason}
	}
	made := result.Outputs[0].Path
	if i.SHA1, err = sumOf(made); err != nil {
		return err
	}
	f.mu.Lock()
	err = errors.Join(f.uploads.expect(i.SHA1), f.queue.put(*i))
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if i.Upload, err = s.client.upload(ctx, made, uploadName(a.OriginalFileName, made), i.SHA1, a); err == nil && i.Upload == i.Asset {
		return errLeft{"what the pipeline makes of it is the photo itself"}
	}
	return err
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest := sha1.New()
	if _, err := io.Copy(digest, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// uploadName is the original's name, with the extension of what was made.
func uploadName(original, made string) string {
	stem := strings.TrimSuffix(filepath.Base(original), filepath.Ext(original))
	return fmt.Sprintf("%s.restored%s", strings.TrimSpace(stem), filepath.Ext(made))
}
