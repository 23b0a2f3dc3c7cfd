package plugin

import (
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/source"
)

// Job is one photo to process.
type Job struct {
	Path     string // the photo; never written to
	Root     string // folder that {dir} is relative to; "": the photo's own
	Links    Links  // which symbolic links between Root and the photo are followed
	Pipeline string // name of a pipeline of the configuration
	Output   string // folder that the outputs' paths are below

	// Inline is a pipeline of the job's own in place of Pipeline's: its steps and
	// its one output in YAML or JSON, 64 KiB at most. It is compiled once for all
	// jobs of the same text. Its steps open no files and run no programs, and it is
	// Unrecorded.
	Inline string

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

	// Only are the places of the pipeline's outputs, from 0, that are made; nil: all
	// are. It requires Unrecorded.
	Only []int

	// Unrecorded is a photo that no records are kept of, and none are asked: it is
	// worked on whatever was done before, and nothing of it is remembered but what
	// networks computed. It has neither Review nor After nor Quarantine.
	Unrecorded bool

	// HandOver is a folder that the photo's file is copied to where there is work to
	// do, instead of doing it: see [HandedOver]. "" is none.
	HandOver string

	// Made are the outputs, or the failure, that another engine came to with the
	// photo: they are verified and published in place of work. nil: there are none.
	Made *Made

	// Sample is a photo that [Engine.Plan] looks at for an estimate: the names of its
	// outputs are not foreseen for the plans of others.
	Sample bool

	// Allow names formats, such as svg, pdf or jxl, that are read here although
	// what reads them is not safe for files of unknown origin. What libvips
	// blocks for them is open from then on in the whole process.
	Allow []string

	// Limits, where they are not zero, stand in place of the configuration's.
	Limits PhotoLimits

	// Probe tries whether what failed before for reasons outside of the photo
	// works again: a failure is no strike against it.
	Probe bool

	// Exclusive says that nothing else is under way with the photo.
	Exclusive bool

	// Review lets the outputs wait in the state folder until they are approved:
	// see [Engine.Desk]. It requires an engine with a ledger.
	Review bool

	// After is what becomes of the original once the outputs are published.
	// It requires an engine with a ledger.
	After After

	// OnChange is what becomes of a photo that was done before the pipeline was
	// changed: [RedoChanged], [AskFirst] or [KeepOutputs]; "" is RedoChanged.
	OnChange string

	// Canary lets a changed pipeline have a sample of the photos below Root that were
	// done before, and the others once that was approved: see [Route].
	Canary bool

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
type After = history.After

// What becomes of a photo that was done before its pipeline was changed.
const (
	RedoChanged = history.Redo // the outputs that changed are made anew
	AskFirst    = history.Ask  // the same, once [Records.Reprocess] asks for it
	KeepOutputs = history.Keep // nothing, until Records.Reprocess asks for it
)

// State says how a job ended where it did not fail.
type State string

const (
	Done    State = "done"    // the outputs are written, or copied from an equal photo's
	Waiting State = "waiting" // the outputs are made and verified, and wait for review: none is published
	Skipped State = "skipped" // nothing was to be done; Result.Reason says why

	// HandedOver is a photo that there is work on, which was not done: it was copied
	// to Job.HandOver, and Result.Handed tells of it. Where another engine cannot do
	// this work, Handed is nil and Result.Reason says why.
	HandedOver State = "handed over"
)

// NotAPhoto is the reason for which files are skipped that are no photos and do
// not claim to be.
const NotAPhoto = source.NotAPhoto

// Result is what a job did.
type Result struct {
	State   State
	Reason  string // for Skipped, and for outputs that were copied
	Outputs []Output
	Notes   map[string]string // what operators reported, such as the device that ran
	Elapsed time.Duration
	Stats   Stats

	// Sidecars are the paths, absolute, that files had which went along with the
	// original.
	Sidecars []string

	// Source is what the photo's header says; nil where it was not looked at.
	Source *Source

	// Handed is what another engine needs to know for HandedOver.
	Handed *Handed
}

// Source is what a photo's header says of its pixels, as they are stored.
type Source struct {
	Format        string
	Width, Height int
	Space         string // as libvips names it: srgb, b-w, cmyk, rgb16 …
	Bands         int    // values in a pixel, transparency included
	Alpha         bool   // the last band is transparency
	Profile       bool   // it has a colour profile
	Orientation   int    // 1 to 8, as EXIF counts
	Pages         int
}

// Stats are figures of a job: its photo's size, tiles, and the time by stages.
type Stats = ops.Stats

// Output is one file that a job wrote.
type Output struct {
	Path   string // absolute
	Index  int    // of its place among the pipeline's outputs, from 0
	Page   int    // of the photo, from 0; of several that are joined in one file, the last
	Format string
	Size   int64  // bytes
	Width  int    // pixels; 0 where it was not made by this job
	Height int    // of one page
	Hash   string // SHA-256, hexadecimal
}

// Error is a job's failure: the photo, what is wrong and what to do about it.
type Error = failure.Error

// Kind tells failures apart by what can be done about them.
type Kind = failure.Kind

// The kinds of failures.
const (
	Unreadable  = failure.Unreadable
	NotImage    = failure.NotImage
	Unsupported = failure.Unsupported
	Damaged     = failure.Damaged
	TooLarge    = failure.TooLarge
	Unfit       = failure.Unfit
	Changed     = failure.Changed
	Swapped     = failure.Swapped
	Conflict    = failure.Conflict
	Protected   = failure.Protected
	Unwritable  = failure.Unwritable
	Unrecorded  = failure.Unrecorded
	StepFailed  = failure.StepFailed
	Crashed     = failure.Crashed
	Starved     = failure.Starved
	Stopped     = failure.Stopped
)

// MaxStrikes is how often a photo may fail by its own fault where another try
// may end differently.
const MaxStrikes = failure.MaxStrikes

// MaxStarved is how often a photo that is tried alone may fail for want of
// memory.
const MaxStarved = failure.MaxStarved

// Kinds lists the kinds of failures.
func Kinds() []string { return failure.Kinds() }

// AdviseWrite is the remedy where something could not be written below folder;
// "" where nothing is known of it.
func AdviseWrite(err error, folder string) string { return failure.AdviseWrite(err, folder) }

// Stage is a part of a photo's processing.
type Stage = ops.Stage

// Fallback is the kind of a second way to restore a tile.
type Fallback = ops.Fallback

// Stages lists the stages that [Stats] may hold times of.
func Stages() []Stage { return ops.Stages() }

// Fallbacks lists the kinds of fallbacks that [Stats] may count.
func Fallbacks() []Fallback { return ops.Fallbacks() }
