package plugin

import (
	"fmt"
	"time"
)

// Job is one photo to process.
type Job struct {
	Path     string // the photo; never written to
	Root     string // folder that {dir} is relative to; "": the photo's own
	Links    Links  // which symbolic links between Root and the photo are followed
	Pipeline string // name of a pipeline of the configuration
	Output   string // folder that the outputs' paths are below

	// Overwrite allows an output to replace a file that Burnish does not know
	// as its own. The source is safe all the same.
	Overwrite bool

	// Absent fails the job before any work where an output is there already,
	// whatever it holds, unless Overwrite is set.
	Absent bool

	// Again works on a photo that an engine with recognition would skip.
	Again bool

	// Named is a photo that a person has named: it is worked on even where
	// Burnish made it.
	Named bool

	// Allow names formats, such as svg, pdf or jxl, that are read here although
	// what reads them is not safe for files of unknown origin. What libvips
	// blocks for them is open from then on in the whole process.
	Allow []string

	// Limits, where they are not zero, stand in place of the configuration's.
	Limits PhotoLimits

	// Probe tries whether what failed before for reasons outside of the photo
	// works again: a failure is no strike against it.
	Probe bool

	// Alone says that nothing else is under way with the photo.
	Alone bool

	// After is what becomes of the original once the outputs are published.
	// It wants an engine with a ledger.
	After After

	// Quarantine is where an original goes after its third strike; "": it
	// stays where it is.
	Quarantine string
}

// Links says which symbolic links lead to a job's photo, as a watched folder's "symlinks" does.
// Those above the job's root, and whatever a path without a root leads through,
// are the user's own and are followed.
type Links string

// Which links are followed.
const (
	SkipLinks   Links = "skip"   // none below the root; also the meaning of ""
	InsideLinks Links = "inside" // those that lead to something below the root
	FollowLinks Links = "follow" // all, but into what is Burnish's own or another watched folder's
)

// After is what becomes of an original when its outputs are on the disk; the
// zero value leaves it where it is.
type After struct {
	Move  string        // folder that it is moved to, below the same subfolders
	Trash time.Duration // how long it is kept in the state folder's trash

	// KeepSidecars leaves behind what belongs to the original: edits, a film, a
	// RAW, descriptions by Google Takeout. Else it goes with it; into the trash
	// RAWs and films do not.
	KeepSidecars bool
}

func (a After) keeps() bool { return a.Move == "" && a.Trash == 0 }

// State says how a job ended where it did not fail.
type State string

const (
	Done    State = "done"    // the outputs are written, or copied from an equal photo's
	Skipped State = "skipped" // nothing was to be done; Result.Reason says why
)

// NotAPhoto is the reason for which files are skipped that are no photos and do
// not claim to be.
const NotAPhoto = "not a photo"

// Result is what a job did.
type Result struct {
	State   State
	Reason  string // for Skipped, and for outputs that were copied
	Outputs []Output
	Notes   map[string]string // what operators reported, such as the device that ran
	Elapsed time.Duration

	// Sidecars are the paths, absolute, that files had which went along with the
	// original.
	Sidecars []string
}

// Output is one file that a job wrote.
type Output struct {
	Path   string // absolute
	Format string
	Size   int64  // bytes
	Hash   string // SHA-256, hexadecimal
}

// MaxStrikes is how often a photo may fail by its own fault where another try
// may end differently.
const MaxStrikes = 3

// MaxStarved is how often a photo that is tried alone may fail for want of
// memory. It is no fault of its own, but it does not fit.
const MaxStarved = 5

// Kind tells failures apart by what can be done about them.
type Kind string

const (
	Unreadable  Kind = "unreadable"  // the source cannot be opened or read
	NotPhoto    Kind = "not-photo"   // the content is no image that Burnish decodes
	Unsupported Kind = "unsupported" // an image in order that this build of libvips does not decode
	Damaged     Kind = "damaged"     // an image that ends early or does not decode
	TooLarge    Kind = "too-large"   // refused from its header
	Unfit       Kind = "unfit"       // its name, size, profile or the like lets no output be made
	Changed     Kind = "changed"     // the source changed while it was read
	Swapped     Kind = "swapped"     // a link, or something else, took the place of the source or of a folder on the way to it
	Conflict    Kind = "conflict"    // an output belongs to another photo
	Spared      Kind = "spared"      // an output would replace what may be the last of another photo
	Unwritable  Kind = "unwritable"  // an output cannot be written
	Unrecorded  Kind = "unrecorded"  // the ledger cannot be written
	Broken      Kind = "failed"      // a device, a model or a file that steps need failed, or Burnish did
	Crashed     Kind = "crashed"     // the process that worked on it died
	Starved     Kind = "no-memory"   // the machine, or what it gives Burnish, has too little memory
	Stopped     Kind = "stopped"     // the job's context ended
)

// Kinds lists the kinds of failures.
func Kinds() []string {
	var all []string
	for _, k := range []Kind{Unreadable, NotPhoto, Unsupported, Damaged, TooLarge, Unfit, Changed, Swapped, Conflict, Spared, Unwritable, Unrecorded, Broken, Crashed, Starved, Stopped} {
		all = append(all, string(k))
	}
	return all
}

// Transient reports whether the failure may pass by itself, so that trying
// again is worth while for as long as the photo is there. All others are
// strikes against the photo.
func (k Kind) Transient() bool {
	switch k {
	case Unreadable, Changed, Swapped, Spared, Unwritable, Unrecorded, Starved, Stopped:
		return true
	}
	return false
}

// Permanent reports whether another try of the same photo would fail the same
// way, so that the first failure puts it into quarantine.
func (k Kind) Permanent() bool {
	switch k {
	case NotPhoto, Unsupported, TooLarge, Unfit, Conflict:
		return true
	}
	return false
}

// Shared reports whether the failure's cause may lie in what photos share: a
// disk, a mount, a device or the process that works on them.
func (k Kind) Shared() bool {
	switch k {
	case Unreadable, Unwritable, Unrecorded, Broken:
		return true
	}
	return false
}

// Error is a job's failure: the photo, what is wrong and what to do about it.
type Error struct {
	Path   string
	Kind   Kind
	Err    error
	Remedy string

	// Quarantined says that this was the last of [MaxStrikes], or a permanent
	// failure: the photo is passed over until somebody asks for it again.
	Quarantined bool

	// Own says that the cause lies in this photo alone, although the kind may
	// be shared: its folder and the output folder were found in order.
	Own bool
}

// Shared reports whether other photos of the folder are likely to fail the same
// way.
func (e *Error) Shared() bool { return e.Kind.Shared() && !e.Own }

// Error is one line: path: what is wrong; what to do.
func (e *Error) Error() string {
	if e.Remedy == "" {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s: %v; %s", e.Path, e.Err, e.Remedy)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
