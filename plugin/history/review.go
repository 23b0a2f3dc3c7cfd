package history

import (
	"path/filepath"
	"strings"
	"time"
)

// Review is what a task has made and not published: verified results in a folder
// of their own, which wait for a person.
type Review struct {
	Folder   string    `json:"folder"`             // name of the folder that they lie in; see [Review.File]
	Results  []Result  `json:"results"`            // in the order of the pipeline's outputs and pages
	Approved time.Time `json:"approved,omitzero"`  // since then they are to be published
	Strength *float64  `json:"strength,omitempty"` // of the restoration, 0 to 1, where a person chose one; nil: the pipeline's
}

// Result is one file that waits.
type Result struct {
	Output
	Name   string `json:"name"`   // of the file that waits; Path is where it is to go, as it was when it was made
	Target int    `json:"target"` // its place among the outputs of all pages
	Format string `json:"format"`
}

// reviewFolder is where the state folder keeps results that wait.
const reviewFolder = "review"

// ReviewFolder holds the folders of results that wait.
func ReviewFolder(stateDir string) string { return filepath.Join(stateDir, reviewFolder) }

// File is where a result lies.
func (r Review) File(stateDir string, result Result) string {
	return filepath.Join(ReviewFolder(stateDir), r.Folder, result.Name)
}

// valid reports whether all names are those of files in the review's folder.
func (r Review) valid() bool {
	for _, name := range r.names() {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return false
		}
	}
	return true
}

func (r Review) names() []string {
	names := []string{r.Folder}
	for _, result := range r.Results {
		names = append(names, result.Name)
	}
	return names
}
