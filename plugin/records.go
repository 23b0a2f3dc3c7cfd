package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/cache"
	"github.com/burnish-photo/burnish/plugin/canary"
	"github.com/burnish-photo/burnish/plugin/change"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/review"
	"github.com/burnish-photo/burnish/plugin/undo"
	"github.com/burnish-photo/burnish/plugin/verify"
	"github.com/burnish-photo/burnish/plugin/viewer"
)

// Records are what an engine remembers, for people to look at and to change.
type Records = history.Records

// Failure is a photo that failed when it was last tried.
type Failure = history.Failure

// Query chooses among records; see [history.Query].
type Query = history.Query

// ParseQuery reads an expression over the fields of a record.
func ParseQuery(text string) (Query, error) { return history.ParseQuery(text) }

// Change is what the change of a pipeline means for photos below a folder that
// were done before.
type Change = change.Change

// Changes counts the photos that were done by pipelines which were changed since.
// It reads all records where there may be such.
func Changes(ctx context.Context, r *Records) ([]Change, error) {
	found, err := change.Count(ctx, r.Store(), false)
	return found.Changes, err
}

// Reprocessing tells of what [Records.Reprocess] would mark, without marking it.
func Reprocessing(r *Records, q Query) (photos []string, work Change, err error) {
	w, err := change.NewWork(r.Store())
	if err != nil {
		return nil, work, err
	}
	chosen, err := r.Choose(q, w.Add)
	for _, key := range chosen {
		photos = append(photos, key.Path)
	}
	return photos, w.Change, err
}

// Question asks what a ledger knows of a photo.
type Question = history.Question

// Answer is what a ledger knows.
type Answer = history.Answer

// Desk is where results that wait for review are looked at and decided on.
type Desk = review.Desk

// Why nothing is done for a photo that waits for review, or was rejected.
const (
	WaitsForReview = review.Waits
	WasRejected    = review.WasRejected
)

// ReviewNote is the note of a result that tells when it was approved.
const ReviewNote = review.Note

// Reviewed is a photo in review.
type Reviewed = review.Entry

// ReviewWindow is a part of the list of photos in review.
type ReviewWindow = review.Window

// Selection says which photos in review are meant.
type Selection = review.Selection

// Desk gives access to the results that wait for review, nil where the engine
// keeps no records. What was decided is done when the photo is processed again.
func (e *Engine) Desk() *Desk {
	if e.store == nil {
		return nil
	}
	return review.NewDesk(e.Records(), e.shelf, func(r history.Record) bool {
		p := e.pipelines[r.Pipeline]
		return p != nil && slices.ContainsFunc(e.config.Routes, func(w Route) bool {
			return w.Source == r.Root && history.Task{Settings: p.settings, Folder: w.Output}.Key() == r.Task
		})
	})
}

// OpenDesk is the desk of records that no engine has open.
func OpenDesk(r *Records, log *slog.Logger) *Desk {
	return review.NewDesk(r, review.NewShelf(r.StateDir(), log), nil)
}

// Record is what a ledger knows of one task.
type Record = history.Record

// PhotosQuery chooses among photos; see [catalog.Query].
type PhotosQuery = catalog.Query

// Viewer shows photos that were processed; see [viewer.Viewer].
type Viewer = viewer.Viewer

// Tile is a part of a picture; see [viewer.Tile].
type Tile = viewer.Tile

// PictureInfo is what there is to know of a picture; see [viewer.Info].
type PictureInfo = viewer.Info

// Why a [Viewer] does not show a picture.
var (
	ErrUnknownPicture = viewer.ErrUnknown
	ErrNoTile         = viewer.ErrOutside
	ErrPictureMissing = viewer.ErrMissing
	ErrPictureChanged = viewer.ErrChanged
	ErrPictureUnsafe  = viewer.ErrUnsafe
	ErrPictureLarge   = viewer.ErrLarge
	ErrPictureHeld    = viewer.ErrHeld
	ErrPictureLater   = viewer.ErrLater
	ErrViewerBusy     = viewer.ErrBusy
)

// previewBudget is the most bytes of previews in the state folder.
const previewBudget = 2 << 30

// previewMinFree is what stays free beside them.
const previewMinFree = 512 << 20

// newViewer makes the viewer of an engine with a ledger.
func newViewer(e *Engine) *Viewer {
	return viewer.New(viewer.Options{
		Records: e.Records(), StateDir: e.config.StateDir, Log: e.log, Budget: previewBudget, MinFree: previewMinFree,
		Admit: func(ctx context.Context, bytes int64) (func(), error) { return e.memory.Admit(ctx, "preview", bytes) },
	})
}

// Viewer shows what the engine has processed, nil where it keeps no records.
func (e *Engine) Viewer() *Viewer { return e.viewer }

// Records gives access to the engine's records, nil where it keeps none.
func (e *Engine) Records() *Records {
	if e.store == nil {
		return nil
	}
	r := history.NewRecords(e.store, e.config.StateDir)
	r.Hold = func(ctx context.Context, photo string) (func(), error) {
		return e.turns.hold(ctx, turn{photo: photo})
	}
	return r
}

// What [Undo] is asked and answers.
type (
	// UndoRequest says what is to be undone.
	UndoRequest = undo.Request
	// UndoPage is what was undone, of as many photos as a call takes.
	UndoPage = undo.Page
	// UndonePhoto is what was undone of one photo.
	UndonePhoto = undo.Photo
)

// Undo puts files of the records' photos back as they were; see package undo.
func Undo(ctx context.Context, r *Records, q UndoRequest) (UndoPage, error) {
	u := undo.Undoer{Store: r.Store(), StateDir: r.StateDir(), Hold: r.Hold}
	return u.Undo(ctx, q)
}

// Trial is a changed pipeline that is tried on a sample; see package canary.
type Trial = canary.Trial

// TrialPhoto is a photo of the sample.
type TrialPhoto = canary.Photo

// Trials are those of the pipelines that are in force.
func Trials(ctx context.Context, r *Records) ([]Trial, error) { return canary.Look(ctx, r.Store()) }

// Decider decides on trials.
func Decider(r *Records) canary.Decider {
	return canary.Decider{Store: r.Store(), StateDir: r.StateDir(), Hold: r.Hold}
}

// What [Verify] is asked and answers.
type (
	// VerifyRequest says what is verified.
	VerifyRequest = verify.Request
	// VerifyPage is what was found, of as many photos as a call takes.
	VerifyPage = verify.Page
	// VerifyCount counts what was looked at.
	VerifyCount = verify.Count
	// Finding is what is wrong with a file.
	Finding = verify.Finding
	// Heal says which outputs are to be made again.
	Heal = verify.Heal
	// RecordKey names a record: its photo and task.
	RecordKey = history.Key
)

// Verify compares the records with the files that they tell of; see package
// verify.
func Verify(ctx context.Context, r *Records, q VerifyRequest) (VerifyPage, error) {
	v := verify.Verifier{Store: r.Store(), StateDir: r.StateDir(), Hold: r.Hold, Decode: decodes}
	return v.Verify(ctx, q)
}

// What is made again, and findings that it is about.
const (
	HealMissing   = verify.Missing
	HealAltered   = verify.Altered
	MissingOutput = verify.MissingOutput
	AlteredOutput = verify.AlteredOutput
)

// FindingKinds lists what may be wrong with a file.
func FindingKinds() (kinds []string) {
	for _, kind := range verify.Kinds() {
		kinds = append(kinds, string(kind))
	}
	return kinds
}

// decodes reads an image in full.
func decodes(path string) error {
	i, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer i.Close()
	_, err = vips.Call("avg", vips.Args{"in": i})
	return err
}

// OpenRecords opens the records in a state folder that no engine has open. The
// caller closes them.
func OpenRecords(stateDir string) (*Records, error) {
	if _, err := os.Stat(filepath.Join(stateDir, ledger.FileName)); err != nil {
		return nil, fmt.Errorf("there is no ledger in the state folder %s: name the configuration of the daemon with -c: %w", stateDir, err)
	}
	l, err := ledger.Open(stateDir)
	if err != nil {
		return nil, err
	}
	return history.NewRecords(l, stateDir), nil
}

// Peek opens the records in a state folder for a look: nothing there is
// written, and Recall alone may be called. It fails where an engine has them
// open, and keeps others from opening them until it is closed.
func Peek(stateDir string) (*Records, error) {
	l, err := ledger.Peek(stateDir)
	if err != nil {
		return nil, err
	}
	return history.NewRecords(l, stateDir), nil
}

// DropGone drops the records of photos that have been gone, with all their
// outputs, for as long as the configuration keeps them. It may be asked often,
// and looks once a day.
func (e *Engine) DropGone(now time.Time) error { return e.history.DropGone(now, e.config.Retention) }

// EmptyTrash removes what has been in the state folder's trash for as long as
// it is to be kept there.
func (e *Engine) EmptyTrash(now time.Time) error { return originals.EmptyTrash(e.config.StateDir, now) }

// CacheStats are figures of what networks computed and the state folder keeps.
type CacheStats = cache.Stats

// CacheFolder is where it lies.
func CacheFolder(stateDir string) string { return filepath.Join(stateDir, cache.FolderName) }

// StatCache counts what is there.
func StatCache(stateDir string) (CacheStats, error) { return cache.Stat(CacheFolder(stateDir)) }

// PruneCache removes what was not used for the longest time until the rest takes no
// more than that many bytes.
func PruneCache(stateDir string, bytes int64) (removed, left CacheStats, err error) {
	return cache.Prune(CacheFolder(stateDir), bytes)
}

// VerifyCache reads all of it, and removes what is damaged.
func VerifyCache(ctx context.Context, stateDir string, damaged func(path string, err error)) (CacheStats, error) {
	return cache.Verify(ctx, CacheFolder(stateDir), damaged)
}
