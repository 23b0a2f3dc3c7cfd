package history

import "context"

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
