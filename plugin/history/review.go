package history

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Review is what a task has made and not published: verified results in a folder
// of their own, which wait for a person. It outlives failures to publish them.
type Review struct {
	Folder   string    `json:"folder"`             // name of the folder that they lie in; see [Review.File]
	Results  []Result  `json:"results"`            // in the order of the pipeline's outputs and pages
	Made     time.Time `json:"made,omitzero"`      // when they were
	Strength *float64  `json:"strength,omitempty"` // that they were restored with, 0 to 1, where a person chose one; nil: the pipeline's
	Approved time.Time `json:"approved,omitzero"`  // since then they are to be published
	Try      *float64  `json:"try,omitempty"`      // strength to make them with anew; nil: none was asked for
}

// Result is one file or folder that waits.
type Result struct {
	Output        // Path is where it is to go, as it was when it was made
	Name   string `json:"name"`   // of the folder that it lies in
	Target int    `json:"target"` // its place among the outputs of all pages
	Format string `json:"format"`
}

// reviewFolder is where the state folder keeps results that wait.
const reviewFolder = "review"

// ReviewFolder holds the folders of results that wait.
func ReviewFolder(stateDir string) string { return filepath.Join(stateDir, reviewFolder) }

// File is where a result lies.
func (r Review) File(stateDir string, result Result) string {
	return filepath.Join(ReviewFolder(stateDir), r.Folder, result.Name, filepath.Base(result.Path))
}

// Remove removes the results. No record names them.
func (r Review) Remove(stateDir string) error {
	if r.Folder == "" || !filepath.IsLocal(r.Folder) {
		return nil
	}
	return os.RemoveAll(filepath.Join(ReviewFolder(stateDir), r.Folder))
}

// valid reports whether all names are those of files in the review's folder.
func (r Review) valid() bool {
	names := []string{r.Folder}
	for _, result := range r.Results {
		names = append(names, result.Name, filepath.Base(result.Path))
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		return name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00")
	})
}

// approved reports whether results are to be published.
func (r Record) approved() bool { return r.Review != nil && !r.Review.Approved.IsZero() }

// Wait remembers results that wait for review. It is on disk when Wait returns;
// left are the results that wait no longer: those that were made of the photo
// before, with other settings too.
func Wait(c *Case, o Outcome, r Review) (left []Review, err error) {
	record := c.withOutcome(Waiting, o)
	record.Review, record.Attempts = &r, record.Attempts+c.Past().Attempts
	all, err := c.reader.Of(c.photo.Path)
	if err != nil {
		return nil, c.undecided(err)
	}
	if err := c.undecided(c.history.put(record)); err != nil {
		return nil, err
	}
	c.before = record
	for _, old := range all {
		switch {
		case old.Review == nil:
			continue
		case old.Task != record.Task && !c.task.succeeds(old):
			continue
		case old.Task != record.Task:
			err = c.history.Store.Delete(old.Path, old.Task)
		}
		if err != nil {
			c.history.Log.Warn("an older result that waits for review stays", "photo", c.photo.Path, "error", err)
			continue
		}
		left = append(left, *old.Review)
	}
	return left, nil
}
