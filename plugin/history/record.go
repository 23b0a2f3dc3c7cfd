package history

import (
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
)

// State says how a task ended.
type State string

// The states.
const (
	Done        State = "done"        // every output was written and verified
	Failed      State = "failed"      // Error and ErrorClass say why; to be tried again
	Quarantined State = "quarantined" // failed for good; not tried until somebody asks
	Skipped     State = "skipped"     // refused on purpose, e.g. no output is wanted; Error may say why
	Requeued    State = "asked"       // was done, and somebody asked for it to be done again
	Waiting     State = "waiting"     // its results wait for review: see Review
	Rejected    State = "rejected"    // its results were rejected in review; not made again until somebody asks
)

// Key identifies a task on one content.
type Key struct {
	Path    string `json:"path"`              // the source, absolute
	Task    string `json:"work"`              // fingerprint of the pipeline's settings and output folder
	Content string `json:"content,omitempty"` // SHA-256 of the source's bytes in hex; empty where it could not be read
}

// Stat is what a file system tells of a source without reading it.
type Stat struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
	Inode   uint64    `json:"inode,omitempty"`
	Changed time.Time `json:"changed,omitzero"` // its content, name, rights or attributes; zero in older records
}

// Same reports whether both describe the same state of one file. A change that
// keeps size and modification time is told by Changed, where both have it; so is
// one that left the content alone.
func (s Stat) Same(o Stat) bool {
	return s.Size == o.Size && s.Inode == o.Inode && s.ModTime.Equal(o.ModTime) &&
		(s.Changed.Equal(o.Changed) || s.Changed.IsZero() || o.Changed.IsZero())
}

// Output is one file that a task wrote.
type Output struct {
	Path string `json:"path"`
	Size int64  `json:"size"`           // bytes
	Hash string `json:"hash,omitempty"` // SHA-256 of its bytes in hex

	Place int    `json:"place,omitempty"` // of the output among the pipeline's, from 1; 0 in older records: see [Record.PlaceOf]
	Build string `json:"build,omitempty"` // what made it where that is not the record's Build: it was kept
}

// Record is what became of one task.
type Record struct {
	Key
	Build      string            `json:"build,omitempty"` // fingerprint of models and operator versions; "" in older records
	Stat       Stat              `json:"stat"`            // taken before the content was hashed
	State      State             `json:"state"`
	Outputs    []Output          `json:"outputs,omitempty"`
	Root       string            `json:"root,omitempty"`     // the folder that the source was found below; "" in older records
	LeftOut    []int             `json:"left_out,omitempty"` // outputs of the pipeline that were not wanted, by their place in it, ascending
	Former     []Output          `json:"former,omitempty"`   // files of outputs that the pipeline no longer has, or writes elsewhere; they were left
	Redo       []int             `json:"redo,omitempty"`     // of [Requeued]: the places, from 1, of the outputs to make again; none: all that is not current, or else all
	Altered    []Output          `json:"altered,omitempty"`  // files in the place of outputs that are to be made again; they go to the trash once those are there
	Error      string            `json:"error,omitempty"`
	Hint       string            `json:"hint,omitempty"` // what to do about Error
	ErrorClass string            `json:"error_class,omitempty"`
	Attempts   int               `json:"attempts,omitempty"`
	Strikes    int               `json:"strikes,omitempty"`    // those of the attempts that were the photo's own fault
	Starved    int               `json:"starved,omitempty"`    // those that lacked memory though nothing else was under way
	Pipeline   string            `json:"pipeline,omitempty"`   // its name
	MovedTo    string            `json:"moved_to,omitempty"`   // where the original was put, or is about to be
	Superseded string            `json:"superseded,omitempty"` // the task by which another photo took one of its outputs
	Salvaged   bool              `json:"salvaged,omitempty"`   // read back from a damaged ledger, and not yet compared with its outputs
	Mounts     []string          `json:"mounts,omitempty"`     // the file systems that its files lay on
	Review     *Review           `json:"review,omitempty"`     // results that are not published yet
	Trial      *Trial            `json:"trial,omitempty"`      // of a changed pipeline that the photo is part of, until it is decided
	Undone     time.Time         `json:"undone,omitzero"`      // of Skipped: when its files were put back as they had been
	Started    time.Time         `json:"started,omitzero"`
	Finished   time.Time         `json:"finished,omitzero"`
	Notes      map[string]string `json:"notes,omitempty"`
	Photo      *Photo            `json:"photo,omitempty"` // nil where the file was not looked into, and in older records
	Stats      ops.Stats         `json:"stats,omitzero"`  // zero in older records
}

// Photo is what the source's file tells of it.
type Photo struct {
	Format      string    `json:"format,omitempty"` // by content, as of [ops.Source]
	Width       int       `json:"width,omitempty"`  // of the first page, in pixels as stored
	Height      int       `json:"height,omitempty"`
	Orientation int       `json:"orientation,omitempty"` // EXIF's, 1 to 8
	Camera      string    `json:"camera,omitempty"`      // maker and model
	Taken       time.Time `json:"taken,omitzero"`
}

// ID names the record in a listing; see [catalog.ID].
func (r Record) ID() string { return catalog.ID(r.Path, r.Task) }

// Results of a listing beside the states. Those of work that was done begin with
// its state.
const (
	ResultRestored   = "done:restored"   // a network ran
	ResultLeftAlone  = "done:left_alone" // a network would have run, and the photo had no damage
	ResultRecognized = "done:recognized" // by outputs that were there
	ResultProcessed  = "done:processed"  // by other steps
)

// Result is how the task ended, as listings have it.
func (r Record) Result() string {
	switch {
	case r.State != Done:
		return string(r.State)
	case r.Notes["left_alone"] != "":
		return ResultLeftAlone
	case r.Notes[recognizedNote] != "":
		return ResultRecognized
	case r.Notes["model"] != "":
		return ResultRestored
	}
	return ResultProcessed
}

// Entry is what listings choose the record by.
func (r Record) Entry() catalog.Entry {
	e := catalog.Entry{Path: r.Path, Result: r.Result(), Pipeline: r.Pipeline, Damage: r.Stats.Damage}
	if r.Photo != nil {
		e.Camera = r.Photo.Camera
	}
	return e
}

// CameraName joins a camera's maker and model, which often repeats the maker.
func CameraName(maker, model string) string {
	const longest = 100 // bytes
	clean := func(text string) string {
		text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
		return strings.ToValidUTF8(text[:min(len(text), longest)], "")
	}
	maker, model = clean(maker), clean(model)
	if first, _, _ := strings.Cut(strings.ToLower(maker), " "); strings.HasPrefix(strings.ToLower(model), first) {
		maker = ""
	}
	return strings.TrimSpace(maker + " " + model)
}

// undoneText is the error of a record of which nothing but that is to be said.
const undoneText = "undone"

// TakenBack is the record once the photo's files are as they had been: it keeps
// the photo from being processed until somebody asks, or its content changes. It
// goes by path, where the original lies again.
func (r Record) TakenBack(path string, at time.Time) Record {
	r.Path, r.MovedTo, r.State, r.Undone, r.Review = path, "", Skipped, at, nil
	if r.Error == "" {
		r.Error = undoneText
	}
	return r
}

// Restored is the record as it was before TakenBack, but for where the original
// lies.
func (r Record) Restored() Record {
	if r.Undone.IsZero() {
		return r
	}
	r.State, r.Undone = Done, time.Time{}
	if r.Error == undoneText {
		r.Error = ""
	}
	return r
}

// HasFailed reports whether the task failed, whether or not it is tried again.
func (r Record) HasFailed() bool { return r.State == Failed || r.State == Quarantined }

// Covers reports whether a record tells of each of a pipeline's n outputs what
// became of it.
func (r Record) Covers(n int) bool {
	last := -1
	for _, out := range r.LeftOut {
		if out <= last || out >= n {
			return false
		}
		last = out
	}
	return len(r.Outputs)+len(r.LeftOut) == n
}

// Place is the index in Outputs of the pipeline's output i, which was not left
// out.
func (r Record) Place(i int) int {
	for _, out := range r.LeftOut {
		if out < i {
			i--
		}
	}
	return i
}

// PlaceOf is the place, from 0, among a pipeline's n outputs that the file i of
// Outputs is of; -1 where the record does not tell.
func (r Record) PlaceOf(i, n int) int {
	if place := r.Outputs[i].Place; place > 0 {
		return place - 1
	}
	if !r.Covers(n) {
		return -1
	}
	for _, out := range r.LeftOut {
		if out <= i {
			i++
		}
	}
	return i
}
