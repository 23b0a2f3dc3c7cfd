package series

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/cmd/statefile"
)

const (
	file     = "series.json"
	layout   = 1       // of the file
	maxBytes = 4 << 20 // of a file that is read
	every    = time.Minute
)

// stored is the file's contents.
type stored struct {
	Layout int    `json:"layout"`
	Series Series `json:"series"`
}

// Open reads the series of a folder. Where there is none, or one that cannot be
// read, they are empty; damaged says what became of the latter.
func Open(dir string, now time.Time) (s *Store, damaged error) {
	s = &Store{path: filepath.Join(dir, file), series: Series{}}
	f, err := os.Open(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes))
	if err != nil {
		return s, fmt.Errorf("read %s: %w", s.path, err)
	}
	var was stored
	err = json.Unmarshal(data, &was)
	if err == nil && was.Layout != layout {
		err = fmt.Errorf("its layout is %d, must be %d", was.Layout, layout)
	}
	if err == nil {
		err = was.Series.check(now)
	}
	if err != nil {
		aside := s.path + ".damaged"
		return s, errors.Join(fmt.Errorf("%s is damaged, so figures of the past are lost (it is now %s): %w", s.path, aside, err), os.Rename(s.path, aside))
	}
	s.series = was.Series.copy(now)
	return s, nil
}

// check reports what a series that was read cannot hold. Samples of a time to
// come are taken away.
func (s Series) check(now time.Time) error {
	for _, r := range Ranges {
		all := s[r.Name]
		if len(all) > r.Keep {
			return fmt.Errorf("%s has %d samples, must be at most %d", r.Name, len(all), r.Keep)
		}
		for i, sample := range all {
			if !sample.From.Equal(sample.From.Truncate(r.Step)) || i > 0 && !all[i-1].From.Before(sample.From) {
				return fmt.Errorf("%s: the sample of %s is out of place", r.Name, sample.From)
			}
			if sample.Photos < 0 || sample.Failed < 0 || sample.Pixels < 0 || sample.Judged < 0 || sample.Damage < 0 || len(sample.Stages) > maxStages {
				return fmt.Errorf("%s: the sample of %s has an impossible figure", r.Name, sample.From)
			}
		}
		for len(all) > 0 && all[len(all)-1].From.After(now) {
			all = all[:len(all)-1]
		}
		s[r.Name] = all
	}
	return nil
}

// Keep writes the file every minute where something has changed, and a last time
// when ctx ends. fault hears of every try to write, with nil where it succeeded.
func (s *Store) Keep(ctx context.Context, fault func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fault(s.write())
		case <-ctx.Done():
			fault(s.write())
			return
		}
	}
}

// write replaces the file, unless it holds the series already.
func (s *Store) write() error {
	s.mu.Lock()
	changed := s.changed
	s.changed = false
	all := s.series.copy(time.Now())
	s.mu.Unlock()
	if !changed {
		return nil
	}
	data, err := json.Marshal(stored{layout, all})
	if err == nil {
		err = statefile.Write(s.path, append(data, '\n'), 0o600)
	}
	if err != nil {
		s.mu.Lock()
		s.changed = true // it is tried again
		s.mu.Unlock()
	}
	return err
}
