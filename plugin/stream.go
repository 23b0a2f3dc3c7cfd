package plugin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/spool"
)

// Stream is a photo that a host has as a reader, and how an output is made of it.
type Stream struct {
	Source io.Reader // the photo's file, read to its end
	Path   string    // the photo's file where Source is nil; never written to

	// Name is what messages call the photo, and what {stem} is made of where it is
	// a plain file name; "": that of Path, or "photo".
	Name string

	Pipeline string      // name of a pipeline of the configuration
	Inline   string      // in its place, a pipeline as text; as that of a [Job]
	Output   int         // of the pipeline's outputs, from 0: the one that is written
	Limits   PhotoLimits // as those of a [Job]
	Allow    []string    // as that of a [Job]

	// Progress, where it is not nil, hears how far the work is. One goroutine calls
	// it, for the last time before Transform returns. While it takes its time, news
	// are left out and the work goes on.
	Progress func(Progress)
}

// Progress is how far the work on a photo is.
type Progress struct {
	Stage    Stage
	Fraction float64 // of the stage, from 0 to 1; 0 where that is not known
}

// unnamed is what a photo is called that has no name.
const unnamed = "photo"

// Transform makes one output of a photo and writes it to w: all of it, once it is
// read back and verified, or none. No record is kept and none is asked. Photo and
// output lie in the engine's scratch folder meanwhile, so memory is bounded as for
// files. What is written to w is w's to undo where w fails.
//
// Where the State of the result is [Skipped], nothing is written and Reason says
// why: the pipeline does not want that output of the photo. Errors are those of
// [Engine.Process]; what w or Source returns is among them, for errors.Is. The end of
// ctx ends the work at the next tile or strip, and leaves a call of Source.Read
// behind that blocks.
func (e *Engine) Transform(ctx context.Context, s Stream, w io.Writer) (_ Result, err error) {
	name := cmp.Or(s.Name, filepath.Base(s.Path))
	if name == "." {
		name = unnamed
	}
	switch p, known := e.pipelines[s.Pipeline]; {
	case (s.Source == nil) == (s.Path == ""):
		return Result{}, fmt.Errorf("%s: a stream has either a source or a path", name)
	case known && (s.Output < 0 || s.Output >= len(p.outputs)):
		return Result{}, fmt.Errorf("%s: the pipeline %s has the outputs 0 to %d, got %d", name, s.Pipeline, len(p.outputs)-1, s.Output)
	case known && p.outputs[s.Output].Tiles():
		return Result{}, fmt.Errorf("%s: the output %s is a folder, which no stream can hold", name, p.outputs[s.Output].Path)
	}
	folder, err := os.MkdirTemp(e.scratch, "stream-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	j := Job{
		Path: s.Path, Pipeline: s.Pipeline, Inline: s.Inline, Output: filepath.Join(folder, "out"), Limits: s.Limits, Allow: s.Allow,
		Only: []int{s.Output}, Unrecorded: true, Named: true, Again: true, Exclusive: true,
	}
	if err := os.Mkdir(j.Output, 0o700); err != nil {
		return Result{}, err
	}
	if s.Source != nil {
		j.Path = filepath.Join(folder, fileName(name))
		if err := e.spool(ctx, name, j, s.Source); err != nil {
			return Result{}, err
		}
	}
	ctx, end := followed(ctx, s.Progress)
	defer end()
	result, err := e.Process(ctx, j)
	if failed := (*Error)(nil); errors.As(err, &failed) {
		failed.Path = name
	}
	if err == nil && result.State == Skipped && result.Reason == NotAPhoto {
		err = &Error{Path: name, Kind: NotImage, Err: errors.New(NotAPhoto), Hint: "give a photo"}
	}
	if err != nil || result.State == Skipped {
		return result, err
	}
	i := slices.IndexFunc(result.Outputs, func(o Output) bool { return o.Index == s.Output })
	if i < 0 {
		result.State, result.Reason, result.Outputs = Skipped, result.Notes["not_written"], nil
		return result, nil
	}
	made := result.Outputs[i]
	if err := copyTo(w, made); err != nil {
		return result, fmt.Errorf("%s: write the output: %w", name, err)
	}
	made.Path = filepath.Base(made.Path)
	result.Outputs = []Output{made}
	return result, nil
}

// spool keeps a source as the file that a job names.
func (e *Engine) spool(ctx context.Context, name string, j Job, source io.Reader) error {
	limit := e.config.limitsOf(j, filepath.Dir(j.Path)).Bytes
	err := spool.Keep(ctx, j.Path, source, int64(limit.Most))
	fail := func(k Kind, hint string) error { return &Error{Path: name, Kind: k, Err: err, Hint: hint} }
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fail(Stopped, "")
	case errors.Is(err, spool.ErrEmpty):
		return fail(NotImage, "give a photo")
	case errors.As(err, new(*spool.TooLargeError)):
		return fail(TooLarge, "raise "+limit.Key+" if it is a photo that you want")
	case errors.As(err, new(*spool.ReadError)):
		return fail(Unreadable, "send it again")
	}
	return fail(Unwritable, "free space in "+e.scratch)
}

// fileName is the name that a photo's file gets: its own where that is a plain
// one.
func fileName(name string) string {
	if len(name) > 200 || !utf8.ValidString(name) || !filepath.IsLocal(name) || strings.ContainsAny(name, "/\x00") {
		return unnamed
	}
	return name
}

// copyTo writes an output to w, and sees that it was what was verified.
func copyTo(w io.Writer, o Output) error {
	f, err := os.Open(o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	digest := sha256.New()
	if _, err := io.Copy(w, io.TeeReader(f, digest)); err != nil {
		return err
	}
	if hex.EncodeToString(digest.Sum(nil)) != o.Hash {
		return errors.New("its file was changed after it was verified")
	}
	return nil
}

// followed is ctx, below which tell hears of the work's progress until end. What is
// left of the work after that is not told of.
func followed(ctx context.Context, tell func(Progress)) (_ context.Context, end func()) {
	if tell == nil {
		return ctx, func() {}
	}
	var figures ops.Recorder
	news, over, done := make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	ctx = ops.WithRecorder(ops.WithProgress(ctx, func() {
		select {
		case news <- struct{}{}:
		default: // tell will see it all the same
		}
	}), &figures)
	go func() {
		defer close(done)
		var told Progress
		for going := true; going; {
			select {
			case <-news:
			case <-over:
				going = false
			}
			now := Progress{}
			now.Stage, now.Fraction = figures.Progress()
			if now != told {
				tell(now)
				told = now
			}
		}
	}()
	return ctx, func() {
		close(over)
		<-done
	}
}
