package history

import "errors"

// Question asks what a store that another process has open knows of a photo. One of
// its fields is set.
type Question struct {
	Path    string `json:"path,omitempty"`    // absolute: its records are asked for
	Content string `json:"content,omitempty"` // SHA-256, hexadecimal: equal photos, and whether Burnish wrote it
	Output  string `json:"output,omitempty"`  // absolute: its maker

	Folder   string `json:"folder,omitempty"`   // absolute, of outputs: the file system that it lay on
	Settings string `json:"settings,omitempty"` // fingerprint of a pipeline: what it stands for
}

// Answer is what the store knows.
type Answer struct {
	Records  []Record `json:"records,omitempty"`
	IsOutput bool     `json:"is_output,omitempty"`
	Maker    Maker    `json:"maker,omitzero"`
	Made     bool     `json:"made,omitempty"` // Maker is known
	Version  *Version `json:"version,omitempty"`
	Mount    string   `json:"mount,omitempty"`
}

// Recall answers a question.
func (r *Records) Recall(q Question) (a Answer, err error) {
	switch {
	case q.Path != "":
		a.Records, err = r.store.Of(q.Path)
	case q.Content != "":
		var err2 error
		a.Records, err = r.store.ByContent(q.Content)
		a.IsOutput, err2 = r.store.IsOutput(q.Content)
		err = errors.Join(err, err2)
	case q.Output != "":
		a.Maker, a.Made, err = r.store.Maker(q.Output)
	case q.Folder != "":
		a.Mount, err = r.store.Mount(q.Folder)
	case q.Settings != "":
		if v, ok, failed := r.store.Version(q.Settings); ok {
			a.Version = &v
		} else {
			err = failed
		}
	}
	return a, err
}

// Asked is a reader of what ask answers.
type Asked func(Question) (Answer, error)

// Of implements [Reader].
func (ask Asked) Of(path string) ([]Record, error) {
	a, err := ask(Question{Path: path})
	return a.Records, err
}

// ByContent implements [Reader].
func (ask Asked) ByContent(content string) ([]Record, error) {
	a, err := ask(Question{Content: content})
	return a.Records, err
}

// Maker implements [Reader].
func (ask Asked) Maker(output string) (m Maker, ok bool, err error) {
	a, err := ask(Question{Output: output})
	return a.Maker, a.Made, err
}

// IsOutput implements [Reader].
func (ask Asked) IsOutput(content string) (bool, error) {
	a, err := ask(Question{Content: content})
	return a.IsOutput, err
}

// Version implements [Reader].
func (ask Asked) Version(settings string) (v Version, ok bool, err error) {
	a, err := ask(Question{Settings: settings})
	if a.Version == nil {
		return v, false, err
	}
	return *a.Version, true, err
}

// Mount implements [Reader].
func (ask Asked) Mount(folder string) (string, error) {
	a, err := ask(Question{Folder: folder})
	return a.Mount, err
}

// unwritten is a reader as one whose mounts are checked and not set.
type unwritten struct{ Reader }

func (unwritten) SetMount(string, string) error { return nil }
