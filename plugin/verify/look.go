package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
)

// look is one look at the files of a record.
type look struct {
	*Verifier
	ctx     context.Context
	request Request
	record  history.Record
	mounts  mounts.Cache

	count    Count
	findings []Finding
	original bool            // is there, as it was
	missing  []int           // outputs
	altered  []int           // outputs
	seen     originals.Sight // of the last file
	requeued bool
	err      error
}

func (l *look) run() {
	l.count.Photos++
	l.lookAtOriginal()
	for i := range l.record.Outputs {
		l.count.Outputs++
		l.lookAtOutput(i)
	}
	if len(l.findings) > 0 { // or outputs were made anew meanwhile
		changed, err := l.changed()
		if changed || err != nil {
			l.findings, l.err = nil, err
			return
		}
	}
	if l.request.Heal != Nothing && len(l.missing)+len(l.altered) > 0 {
		l.err = l.heal()
	}
}

func (l *look) find(kind Kind, file, hint, detail string) {
	l.findings = append(l.findings, Finding{Kind: kind, File: file, Photo: l.record.Path, Pipeline: l.record.Pipeline, Detail: detail, Hint: hint})
}

// lookAtOriginal looks where the original was put, or where it lay. What the
// trash no longer holds was to be removed.
func (l *look) lookAtOriginal() {
	r := l.record
	path := cmp.Or(r.MovedTo, r.Path)
	root := filepath.Dir(path)
	if journal.Top(r.Root, path) > 0 {
		root = r.Root
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && (history.StatOf(info).Same(r.Stat) || l.request.Quick && info.Size() == r.Stat.Size && info.ModTime().Equal(r.Stat.ModTime)) {
		l.original = true
		if l.request.Quick {
			return
		}
	}
	trashed := strings.HasPrefix(path, originals.TrashFolder(l.StateDir)+"/")
	state, detail := l.state(root, path, r.Content, false)
	l.original = state == ""
	switch {
	case state == MissingOutput && trashed:
	case state == MissingOutput:
		l.find(MissingOriginal, path, "restore it from a backup; its outputs stay", detail)
	case state == AlteredOutput:
		l.find(AlteredOriginal, path, "the daemon processes it again when it sees the change; if nobody edited it, restore it from a backup", detail)
	case state != "":
		l.find(state, path, "mount the disk, or let Burnish's user read the file", detail)
	}
}

func (l *look) lookAtOutput(i int) {
	o := l.record.Outputs[i]
	state, detail := l.state(l.rootOf(o), o.Path, o.Hash, true)
	switch state {
	case "":
		if l.request.Decode && l.Decode != nil && l.seen.Info.Mode().IsRegular() {
			if err := l.Decode(o.Path); err != nil {
				l.find(Undecodable, o.Path, "burnish reprocess makes it again", err.Error())
			}
		}
	case MissingOutput:
		l.missing = append(l.missing, i)
		l.find(state, o.Path, "--heal=missing makes it again", detail)
	case AlteredOutput:
		l.altered = append(l.altered, i)
		l.find(state, o.Path, "keep it, or let --heal=altered move it to the trash and make it again", detail)
	default:
		l.find(state, o.Path, "mount the disk, or let Burnish's user read the file", detail)
	}
}

// rootOf is the folder that an output is reached below.
func (l *look) rootOf(o history.Output) string {
	if _, folder, _ := strings.Cut(l.record.Task, " "); journal.Top(folder, o.Path) > 0 {
		return folder
	}
	return filepath.Dir(o.Path)
}

// state compares a file with its digest; it speaks of outputs. "" is one that is
// as it was.
func (l *look) state(root, path, hash string, output bool) (Kind, string) {
	if l.request.Quick {
		hash = ""
	}
	s, err := l.see(root, path, hash, output)
	l.seen = s
	switch {
	case errors.Is(err, fs.ErrPermission), err != nil && mounts.Unreachable(err):
		return Unreachable, err.Error()
	case err != nil:
		return AlteredOutput, err.Error()
	case !s.There && !l.mounts.Gone([]string{path}, l.record.Mounts):
		return Unreachable, "the file system that it lay on is not there"
	case !s.There:
		return MissingOutput, ""
	case !s.Same && !s.Info.Mode().IsRegular() && !s.Info.IsDir():
		return AlteredOutput, "it is not a file"
	case !s.Same:
		return AlteredOutput, l.difference(s.Info, output, path)
	case l.request.Quick && l.difference(s.Info, output, path) != "":
		return AlteredOutput, l.difference(s.Info, output, path)
	}
	return "", ""
}

// see looks at a file, or for an output at a folder of tiles.
func (l *look) see(root, path, hash string, output bool) (originals.Sight, error) {
	s, err := originals.Look(root, path, hash, false)
	if output && err == nil && s.There && s.Info.IsDir() {
		s, err = originals.Look(root, path, hash, true)
	}
	if err == nil && s.There && hash != "" && s.Info.Mode().IsRegular() {
		l.count.Bytes += s.Info.Size()
	}
	return s, err
}

// difference tells what a file's size says, "" where it says nothing.
func (l *look) difference(info fs.FileInfo, output bool, path string) string {
	size := l.record.Stat.Size
	if output {
		for _, o := range l.record.Outputs {
			if o.Path == path {
				size = o.Size
			}
		}
	}
	switch {
	case info.IsDir():
		return ""
	case info.Size() != size:
		return fmt.Sprintf("%d bytes instead of %d", info.Size(), size)
	case l.request.Quick:
		return ""
	}
	return "of the same size, with other bytes"
}
