package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/config"
)

// away says what is wrong with a folder whose disk was unmounted since it was
// last written to; "" for nothing. Such a folder, of outputs or of originals
// that were put away, is not filled on the disk below, unless it holds anything:
// then it is to be where it is now. The ledger remembers.
func (e *Engine) away(folder string) (fault string, err error) {
	was, err := e.ledger.Mount(folder)
	if err != nil {
		return "", err
	}
	now := mountOf(folder)
	elsewhere := now == "" || disk(now) != disk(was) && !config.Within(mountPoint(now), mountPoint(was))
	if was != "" && elsewhere && leadsBelow(folder, mountPoint(was)) && isEmpty(folder) {
		return fmt.Sprintf("the folder %s lay on the disk mounted at %s, which is not there", folder, mountPoint(was)), nil
	}
	if now == was || now == "" {
		return "", nil
	}
	return "", e.ledger.SetMount(folder, now)
}

// outputThere refuses to write where [Engine.away] says not to.
func (w *work) outputThere() error {
	if w.engine.ledger == nil {
		return nil
	}
	fault, err := w.engine.away(w.output)
	if err != nil {
		return w.unrecorded(err, "nothing was published")
	}
	if fault == "" {
		return nil
	}
	return w.fail(Unwritable, errors.New(fault), "mount it; if the folder is to be where it is now, put any file there")
}

// notAway is away for folders that originals are moved to.
func (e *Engine) notAway(folder string) error {
	fault, err := e.away(folder)
	if fault != "" {
		return errors.New(fault)
	}
	return err
}

// disk is what tells a file system from others wherever it is mounted, as far as
// it has anything: a part of it may be mounted once more elsewhere.
func disk(name string) string {
	id := name[strings.LastIndex(name, " ")+1:]
	if strings.HasSuffix(id, ":0:0") {
		return name
	}
	return id
}

func mountPoint(name string) string { return name[:max(0, strings.LastIndex(name, " "))] }

// leadsBelow reports whether a folder is below the mount point still, or cannot
// be followed; a link to it may have been made to lead elsewhere.
func leadsBelow(folder, point string) bool {
	for at := folder; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			rest, _ := filepath.Rel(at, folder)
			return config.Within(filepath.Join(real, rest), point)
		}
		if _, err := os.Lstat(at); err == nil || at == filepath.Dir(at) {
			return true // a link that leads nowhere
		}
	}
}

func isEmpty(folder string) bool {
	f, err := os.Open(folder)
	if err != nil {
		return true
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) == 0
}
