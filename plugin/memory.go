package plugin

import (
	"os"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/plugin/ledger"
	"github.com/burnish-photo/burnish/plugin/output"
)

// entry is a ledger record of this job.
func (w *work) entry(state ledger.State) ledger.Entry {
	return ledger.Entry{
		Key:   ledger.Key{Path: w.source, Work: w.key, Content: w.hash},
		Stat:  ledger.Stat{Size: w.info.Size(), ModTime: w.info.ModTime(), Inode: inode(w.info)},
		State: state, Attempts: 1, Started: w.began, Finished: time.Now(),
	}
}

func inode(info os.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

// doneBefore answers from the file's stat alone, so that a restart need not
// read every photo.
func (w *work) doneBefore() (reason string, err error) {
	if w.engine.ledger == nil {
		return "", nil
	}
	e, ok, err := w.engine.ledger.Unchanged(w.source, w.info.Size(), w.info.ModTime(), inode(w.info), w.key)
	if !ok || err != nil || e.State == ledger.Failed {
		return "", err
	}
	return "already done", nil
}

// known answers from the content: a photo that was done under this path, or a
// file that Burnish itself wrote.
func (w *work) known() (reason string, err error) {
	if w.engine.ledger == nil {
		return "", nil
	}
	e, ok, err := w.engine.ledger.Lookup(ledger.Key{Path: w.source, Work: w.key, Content: w.hash})
	if err != nil {
		return "", err
	}
	if ok && e.State == ledger.Done {
		e.Stat = w.entry(ledger.Done).Stat
		return "already done", w.engine.ledger.Put(e)
	}
	ours, err := w.engine.ledger.IsOutput(w.hash)
	if !ours || err != nil {
		return "", err
	}
	return "made by Burnish", nil
}

// reuse copies the outputs that an equal photo under another path has already
// got. Anything in the way means the photo is processed as if it were new.
func (w *work) reuse() (Result, bool) {
	if w.engine.ledger == nil {
		return Result{}, false
	}
	e, ok, err := w.engine.ledger.Reusable(w.hash, w.key)
	if !ok || err != nil || len(e.Outputs) != len(w.pipeline.outputs) {
		return Result{}, false
	}
	return w.copyOutputs(e)
}

func (w *work) copyOutputs(e ledger.Entry) (Result, bool) {
	src, err := w.open("")
	if err != nil {
		return Result{}, false
	}
	src.Close()
	names, err := w.claim(src.Source)
	if err != nil {
		return Result{}, false
	}
	staged := make([]*output.Staged, 0, len(names))
	for i, name := range names {
		s, err := output.StageCopy(e.Outputs[i].Path, name)
		if err == nil {
			staged = append(staged, s)
		}
		if err != nil || s.Hash != e.Outputs[i].Hash {
			for _, s := range staged {
				s.Discard()
			}
			return Result{}, false
		}
	}
	result, err := w.publish(staged)
	if err != nil {
		return Result{}, false
	}
	result.Reason = "the same content as " + e.Path
	result.Notes = e.Notes
	return result, true
}
