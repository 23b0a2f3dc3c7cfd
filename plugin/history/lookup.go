package history

import "context"

// Find is the record of a path and task, whatever the content.
func Find(s Reader, path, task string) (r Record, ok bool, err error) {
	all, err := s.Of(path)
	for _, r := range all {
		if r.Task == task {
			return r, true, err
		}
	}
	return Record{}, false, err
}

// FindEqual is a record of the task done on the same content, whatever its path.
// The caller verifies that its outputs are still there and unchanged.
func FindEqual(s Reader, content, task string) (r Record, ok bool, err error) {
	all, err := s.ByContent(content)
	for _, r := range all {
		if r.Task == task {
			return r, true, err
		}
	}
	return Record{}, false, err
}

// Wrote reports whether a file of that name and content is one that its maker's
// record names, or any output that was ever written.
func Wrote(s Reader, output, content string) (bool, error) {
	m, _, err := s.Maker(output)
	if err != nil {
		return false, err
	}
	for _, o := range m.Record.Outputs {
		if o.Path == output && o.Hash == content {
			return true, nil
		}
	}
	return s.IsOutput(content)
}

// Failures are the records of what failed and what is in quarantine, ordered by
// path.
func Failures(s Store) (all []Record, err error) {
	err = s.Each(true, func(r Record) error {
		all = append(all, r)
		return nil
	})
	return all, err
}

// CountOlder counts the results that stand although another build would make
// them now; builds are those of the settings in force. It ends with ctx.
func CountOlder(ctx context.Context, s Store, builds map[string]string) (n int, err error) {
	err = s.Each(false, func(r Record) error {
		build, current := builds[settingsOf(r.Task)]
		if current && r.State == Done && r.Superseded == "" && r.Build != build && r.Build != unknownBuild {
			n++
		}
		return ctx.Err()
	})
	return n, err
}
