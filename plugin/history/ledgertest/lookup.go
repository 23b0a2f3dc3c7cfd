package ledgertest

import "github.com/burnish-photo/burnish/plugin/history"

// Find is the record of a path and task, whatever the content.
func Find(s history.Reader, path, task string) (r history.Record, ok bool, err error) {
	all, err := s.Of(path)
	for _, r := range all {
		if r.Task == task {
			return r, true, err
		}
	}
	return history.Record{}, false, err
}

// FindEqual is a record of the task done on the same content, whatever its path.
// The caller verifies that its outputs are still there and unchanged.
func FindEqual(s history.Reader, content, task string) (r history.Record, ok bool, err error) {
	all, err := s.ByContent(content)
	for _, r := range all {
		if r.Task == task {
			return r, true, err
		}
	}
	return history.Record{}, false, err
}
