// Package ops is the contract between Burnish and its image operators: what an
// operator gets, what it returns and how it describes itself. Operators are
// collected in a [Registry]; nothing registers itself.
package ops

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Image is a photo on its way through a pipeline: pixels that are computed
// when they are asked for, and the facts of the file they came from.
//
// Whoever receives an Image from [Operator.Apply] owns its pixels and closes
// them. Derived pixels keep what they need alive, so closing early is safe.
type Image struct {
	Pixels *vips.Image
	Source *Source
	// Original says that the pixels are those of the source file, as decoded.
	Original bool
	// Reduced is by how much each side is smaller than that of the source, since
	// its decoder has reduced it for a [Reducer]; 0 and 1: by nothing.
	Reduced int
	// Unchanged says that the last operator left the image as it was.
	Unchanged bool
	// Frame says which part of the stored photo the pixels show, and which way
	// up, so that what its metadata tell of places in it stays true.
	Frame Frame
}

// With is the same photo with other pixels, each at the place where it was: the
// frame stays, unless the size is another. Operators that move pixels say how,
// with At.
func (i Image) With(p *vips.Image) Image {
	out := Image{Pixels: p, Source: i.Source}
	if i.Pixels != nil && p.Width() == i.Pixels.Width() && p.Height() == i.Pixels.Height() {
		out.Frame = i.Frame
	}
	return out
}

// At is the image with that frame.
func (i Image) At(f Frame) Image {
	i.Frame = f
	return i
}

// Same is the image unchanged, for an operator that has nothing to do; the
// caller owns it apart from i.
func (i Image) Same() Image {
	return Image{Pixels: i.Pixels.Ref(), Source: i.Source, Original: i.Original, Reduced: i.Reduced, Unchanged: true, Frame: i.Frame}
}

// Close gives up the pixels. It may be called more than once.
func (i Image) Close() {
	if i.Pixels != nil {
		i.Pixels.Close()
	}
}

// Source holds the facts of the file that a photo was read from. Operators
// share it and must not change it.
type Source struct {
	Path          string    // absolute
	File          string    // what its bytes are read by, whatever the path leads to by now; "": the path
	Format        string    // by content: jpeg, png, webp, tiff, …
	Page          int       // of the file that the pixels are, from 0
	Width, Height int       // pixels as stored, before orientation
	Orientation   int       // EXIF orientation, 1 to 8; 1 where there is none
	Size          int64     // bytes
	ModTime       time.Time // of the file
	Taken         time.Time // as its metadata say; zero where they do not
	Hash          string    // SHA-256 of the file's bytes, hexadecimal
	Folder        string    // below the one that photos are taken from; "." at its root
}

// Content is the path that the file's bytes are read by, for as long as the photo
// is on its way.
func (s *Source) Content() string { return cmp.Or(s.File, s.Path) }

// Date is when the photo was taken, or else that of the file.
func (s *Source) Date() time.Time {
	if s.Taken.IsZero() {
		return s.ModTime
	}
	return s.Taken
}

// Operator turns images into one image.
type Operator interface {
	// Apply returns a new image, which the caller owns; in stays the caller's.
	// It may return before any pixel is computed: ctx covers the evaluation
	// too, which ends before ctx is done. Apply is called from several
	// goroutines at a time, each with a photo of its own.
	Apply(ctx context.Context, in []Image) (Image, error)
}

// Config is one step's parameters. [Spec.Config] makes it with its defaults,
// the step's YAML is decoded over it, then [diag.Check] checks it by its tags. A
// Config that has more to check is a [diag.Validator] as well; an error made by
// [Invalid] is shown at its parameter.
type Config interface {
	// Build makes the operator. It may load files; it is called once a
	// pipeline. An operator that holds something to give back is an
	// [io.Closer] as well.
	Build(ctx context.Context, env Env) (Operator, error)
}

// Checker is a Config that can tell more faults from its surroundings, such as
// a file that does not exist. It opens and loads nothing. A fault made by
// [Invalid] is shown at its parameter.
type Checker interface{ Check(env Env) error }

// ResourceUser is a Config that knows which files its operator opens and which
// programs it runs, in words. Of others, all parameters with the tag kind:"path"
// are such files.
type ResourceUser interface{ Resources() []string }

// InputDeclarer is a Config whose operator reads other images than the one that the
// step before made. It is asked once the parameters are decoded.
type InputDeclarer interface{ Ports() []Port }

// Port is one image that an operator reads, or several. Apply gets the images
// in the order of the ports.
type Port struct {
	Name string   // the parameter that may name it
	IDs  []string // ids of steps, as the parameter names them; none: "from" decides
	Many bool     // takes one image or more; at most one port does
	// Optional ports stay empty where the parameter names no step.
	Optional bool
}

// OneImage are the ports of an operator that reads one image.
func OneImage() []Port { return []Port{{Name: "in"}} }

// TraitsByConfig is a Config whose parameters decide how the operator stands to the
// pixels, in place of the [Spec].
type TraitsByConfig interface {
	Traits() (grid Grid, sequential bool)
}

// Fingerprinter is an operator whose result depends on more than its
// parameters that a user sets: the content of a file that they name.
type Fingerprinter interface{ Fingerprint() string }

// BuildFingerprinter is an operator whose result depends on what comes with a
// release or is trained anew: a model's weights. Results of another build are
// older, not wrong: they stay until somebody asks for them anew.
type BuildFingerprinter interface{ BuildFingerprint() string }

// Describer is an operator that has something to say of itself once it is
// built, in a line: the model it loaded, the device that runs it.
type Describer interface{ Describe() string }

// Reducer is an operator that makes a smaller photo, and may be given one that
// its decoder has reduced for it, which is faster: see [Image.Reduced].
type Reducer interface {
	// Reduction is by how much each side of a photo of that size, as stored, may be
	// reduced at most; 1: not at all.
	Reduction(width, height, orientation int) float64
}

// CostEstimator is an operator that can tell beforehand what a photo will take.
type CostEstimator interface {
	// EstimateCost takes the photo's sides and the bytes of a decoded pixel: 3 of most photos.
	EstimateCost(width, height, pixel int) Cost
}

// Cost is what a photo takes, for the operator alone.
type Cost struct {
	Bytes  int64   // of memory, at the most
	Pixels float64 // that a network computes, with all that is computed twice
	MACs   float64 // multiply-accumulates, with all that is computed twice; 0 where that is not known
}

// Invalid is an error of the parameter named param, for [diag.Validator] and [Checker].
func Invalid(param, format string, args ...any) error {
	return diag.Invalid(param, format, args...)
}

// Env is what an operator may use of its surroundings when it is built.
type Env struct {
	Log     *slog.Logger
	Folder  string      // relative file names in parameters are resolved below it
	Models  string      // folder of models added by the user, "" for none
	Devices device.List // where networks run
	Require bool        // fail rather than fall back to another device
	Threads int         // threads that one operator may keep busy, on all photos together; 0: all

	// Networks makes the runtime of neural networks ready; whoever builds one
	// calls it first. It may be nil where that has been seen to.
	Networks func() error

	// An image that has to be kept whole (read by several, or out of order)
	// is kept in memory up to InMemory bytes, in a file in Scratch above.
	InMemory int64
	Scratch  string

	// Cache keeps results of steps that take long; it may be nil.
	Cache Cache

	// OnlyOpen refuses, with [ErrNotOpen], networks that no operator of this process
	// has open as they are wanted: to open one may take long, or end the process.
	OnlyOpen bool

	// Programs starts the programs of operators that the configuration declares.
	// It may be nil: then there is nobody who may.
	Programs Programs
}

// ErrNotOpen is a network that would have to be opened: see [Env].
var ErrNotOpen = errors.New("the network is not open yet")

// Grid says how an operator stands to the block grid of a JPEG: 8 by 8 pixels
// as stored, before the photo is turned upright.
type Grid int

const (
	KeepsGrid Grid = iota // works on pixels in place: sharpen, tone, colour
	MovesGrid             // resizes, rotates, crops
	NeedsGrid             // restores: has to see the photo as it was decoded
)

// Spec describes an operator to the registry.
type Spec struct {
	Name    string // the key in a step
	Summary string // one line, for listings
	Example string // one step in YAML, without the dash, for listings
	Group   string // heading in listings; "" for Burnish's own operators
	// Version is raised whenever the same parameters make other pixels.
	Version int
	Grid    Grid
	// Sequential operators read their input once, from top to bottom, so
	// that a photo can be decoded while it is worked on.
	Sequential bool
	// Config makes the parameters with their defaults: a pointer to a struct
	// whose yaml tags name them, or a decoder of its own ([diag.Decoder]).
	Config func() Config
	// Family makes this stand for a set of operators; the other fields are
	// then not used.
	Family Family
}
