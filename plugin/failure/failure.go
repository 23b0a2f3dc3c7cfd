// Package failure is how the processing of a photo fails: of what kind, why, and
// what to do about it.
//
// It knows the rights of this process's user, for its advice, and nothing of
// images, records or outputs.
package failure

import "fmt"

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
	NotImage    Kind = "not-photo"   // the content is no image that Burnish decodes
	Unsupported Kind = "unsupported" // an image in order that this build of libvips does not decode
	Damaged     Kind = "damaged"     // an image that ends early or does not decode
	TooLarge    Kind = "too-large"   // refused from its header
	Unfit       Kind = "unfit"       // its name, size, profile or the like lets no output be made
	Changed     Kind = "changed"     // the source changed while it was read
	Swapped     Kind = "swapped"     // a link, or something else, took the place of the source or of a folder on the way to it
	Conflict    Kind = "conflict"    // an output belongs to another photo
	Protected   Kind = "protected"   // an output would replace what may be the last of another photo
	Unwritable  Kind = "unwritable"  // an output cannot be written
	Unrecorded  Kind = "unrecorded"  // the ledger cannot be written
	StepFailed  Kind = "failed"      // a device, a model or a file that steps need failed, or Burnish did
	Crashed     Kind = "crashed"     // the process that worked on it died
	Starved     Kind = "no-memory"   // the machine, or what it gives Burnish, has too little memory
	Stopped     Kind = "stopped"     // the job's context ended
)

// Kinds lists the kinds of failures.
func Kinds() []string {
	var all []string
	for _, k := range []Kind{Unreadable, NotImage, Unsupported, Damaged, TooLarge, Unfit, Changed, Swapped, Conflict, Protected, Unwritable, Unrecorded, StepFailed, Crashed, Starved, Stopped} {
		all = append(all, string(k))
	}
	return all
}

// Transient reports whether the failure may pass by itself, so that trying
// again is worth while for as long as the photo is there. All others are
// strikes against the photo.
func (k Kind) Transient() bool {
	switch k {
	case Unreadable, Changed, Swapped, Protected, Unwritable, Unrecorded, Starved, Stopped:
		return true
	}
	return false
}

// Permanent reports whether another try of the same photo would fail the same
// way, so that the first failure puts it into quarantine.
func (k Kind) Permanent() bool {
	switch k {
	case NotImage, Unsupported, TooLarge, Unfit, Conflict:
		return true
	}
	return false
}

// Shared reports whether the failure's cause may lie in what photos share: a
// disk, a mount, a device or the process that works on them.
func (k Kind) Shared() bool {
	switch k {
	case Unreadable, Unwritable, Unrecorded, StepFailed:
		return true
	}
	return false
}

// Error is a job's failure: the photo, what is wrong and what to do about it.
type Error struct {
	Path string
	Kind Kind
	Err  error
	Hint string // what to do about it; "" where there is nothing

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

// Reason is the photo and what is wrong, without the hint.
func (e *Error) Reason() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Error is one line: path: what is wrong; hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Reason()
	}
	return e.Reason() + "; " + e.Hint
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
