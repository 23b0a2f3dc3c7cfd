package history

import (
	"crypto/sha256"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// History is what is known of what was done. Its fields are set before its first
// use; its methods may be called from several goroutines.
type History struct {
	Reader   Reader // who is asked; nil: nothing is known but the outputs made since
	Store    Store  // what is written to; nil: nothing is written
	StateDir string // of the files that tell why photos are in quarantine
	Log      *slog.Logger

	Temporary staging.TempPrefix // of temporary files, where originals are moved

	// Recognize lets outputs tell by themselves what is done where Reader is nil.
	Recognize bool

	// Forget keeps nothing in mind of outputs where Reader is nil.
	Forget bool

	// IsCurrent reports whether tasks of these settings are still wanted.
	IsCurrent func(settings string) bool

	listings originals.Listings

	mu   sync.Mutex
	made map[pathKey]made // outputs made since, where Reader is nil
}

// pathKey stands for the path of an output: a library has many, and long ones.
type pathKey [16]byte

func pathKeyOf(path string) pathKey {
	sum := sha256.Sum256([]byte(path))
	return pathKey(sum[:])
}

// made is an output that is remembered without records.
type made struct {
	photo string            // shared by all of its outputs
	hash  [sha256.Size]byte // as of [Output]; zero: unknown
}

// Task is what is to be done with a photo.
type Task struct {
	Pipeline string // its name
	Settings string // fingerprint of the pipeline's settings
	Build    string // fingerprint of the models and operator versions that run it
	Folder   string // absolute; the outputs are below it
	Outputs  int    // of the pipeline
	Version  Version
	OnChange string // [Redo], [Ask] or [Keep]; "" is Redo
	Trial    string // watched folder whose photos a changed pipeline is tried on first; "": none
	Whole    bool   // where one output is to be made, all are
	Copies   bool   // outputs of an equal photo may be copied
	Redo     bool   // what outputs tell by themselves is no reason to skip the photo
	Named    bool   // a person has named the photo: without records it is work even where Burnish made it
	Began    time.Time

	Exclusive  bool   // nothing else is under way
	Probe      bool   // a failure is no strike
	Quarantine string // folder that the original goes to after its last strike; "": it stays
}

// What becomes of photos that were done by a pipeline which was changed since.
const (
	Redo = "redo" // the outputs that changed are made anew
	Ask  = "ask"  // the same, once somebody has asked for it
	Keep = "keep" // the outputs stay as they are until somebody asks for others
	Held = "held" // as Ask: the pipeline is tried on other photos, or was taken back
)

// Key is the task's among those of a photo.
func (t Task) Key() string { return t.Settings + " " + t.Folder }

// settingsOf are those of a task's key.
func settingsOf(key string) string {
	settings, _, _ := strings.Cut(key, " ")
	return settings
}

// inherits reports whether a record from before builds were told apart is of
// this task: of the pipeline of that name with that output folder. Its
// fingerprint covered builds too, so it tells nothing of the settings.
func (t Task) inherits(r Record) bool { return r.Build == "" && t.succeeds(r) }

// succeeds reports whether a record is of the pipeline of that name with that
// output folder, whatever its settings were.
func (t Task) succeeds(r Record) bool {
	_, folder, _ := strings.Cut(r.Task, " ")
	return r.Pipeline == t.Pipeline && folder == t.Folder
}

// unknownBuild stands in records from before builds were told apart, and of
// outputs that were recognized: they tell of no build.
const unknownBuild = "unknown"

// Case is one task on one photo: what is recorded of it. It belongs to one
// goroutine.
type Case struct {
	history *History
	task    Task
	photo   *source.Photo
	reader  Reader
	before  Record            // what was recorded of this task, whatever the content
	former  succession        // what was recorded of the pipeline as it was before
	notes   map[string]string // on the original's move
	along   []string          // paths that sidecars had which went with it
	entry   journal.Entry     // on what is being published

	// Photo and Stats, where they are set, are what records of the case tell of the
	// photo and of the work.
	Photo *Photo
	Stats func() ops.Stats
}

// Open begins a case. Its photo stays the caller's.
func (h *History) Open(t Task, photo *source.Photo) *Case {
	return &Case{history: h, task: t, photo: photo, reader: h.Reader}
}

// Remembers reports whether records tell of the photo.
func (c *Case) Remembers() bool { return c.reader != nil }

// record is one of the photo as it is.
func (c *Case) record(state State) Record {
	r := Record{
		Key: Key{Path: c.photo.Path, Task: c.task.Key(), Content: c.photo.KnownHash()}, Build: c.task.Build,
		Stat: StatOf(c.photo.File.Info), Root: c.photo.Root, State: state, Attempts: 1, Started: c.task.Began, Finished: time.Now(), Pipeline: c.task.Pipeline, Photo: c.Photo,
	}
	if c.Stats != nil {
		r.Stats = c.Stats()
	}
	return r
}

// StatOf is what a file system tells of a source.
func StatOf(info fs.FileInfo) Stat {
	return Stat{Size: info.Size(), ModTime: info.ModTime(), Inode: source.Inode(info), Changed: source.ChangeTime(info)}
}

// Past is the record of this task on the file as it is now, empty where there is
// none.
func (c *Case) Past() Record {
	if c.before.Content != "" && c.before.Content == c.photo.KnownHash() || c.before.Stat.Same(StatOf(c.photo.File.Info)) {
		return c.before
	}
	return Record{}
}

// put stores a record, with the file systems that its files lie on and, where
// one of them is not to be seen, those that they lay on before.
func (h *History) put(r Record) error {
	if h.Store == nil {
		return nil
	}
	r.Mounts = mounts.Cache{}.Names(r.files(), r.Mounts)
	return h.Store.Put(r)
}

// log stores a record as put does, and with it an entry of the journal, whose
// number it sets, and the folders that were made. The record of the key, if it is
// another, is deleted.
func (h *History) log(old Key, r Record, e *journal.Entry, made ...string) error {
	if h.Store == nil {
		return nil
	}
	r.Mounts = mounts.Cache{}.Names(r.files(), r.Mounts)
	ids, err := h.Store.Apply(Change{Delete: r.instead(old), Put: []Record{r}, Log: []journal.Entry{*e}, Made: made})
	if err == nil {
		e.ID = ids[0]
	}
	return err
}

// entry is one of the journal on the photo of a case.
func (t Task) entry(act journal.Act, photo *source.Photo) journal.Entry {
	return journal.Entry{Act: act, Time: time.Now(), Photo: photo.Path, Root: photo.Root, Task: t.Key(), Pipeline: t.Pipeline, Content: photo.KnownHash()}
}

// files are the places of all files that a record tells of.
func (r Record) files() (paths []string) {
	for _, path := range []string{r.Path, r.MovedTo} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	for _, o := range slices.Concat(r.Outputs, r.Former) {
		paths = append(paths, o.Path)
	}
	return paths
}
