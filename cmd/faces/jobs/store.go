package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/burnish-photo/burnish/cmd/statefile"
)

// Where a job's folder has what.
const (
	recordFile  = "job.json"
	photoFolder = "photo"
	outFolder   = "out"
)

// idForm is how the folders of jobs are called.
var idForm = regexp.MustCompile(`^[A-Z2-7]{26}$`)

func (s *Jobs) dir(id string) string { return filepath.Join(s.folder, id) }

// save writes a job's file. s.mu is held, or nobody else knows the job.
func (s *Jobs) save(j *job) error {
	data, err := json.Marshal(j.record)
	if err != nil {
		return err
	}
	return statefile.Write(filepath.Join(s.dir(j.ID), recordFile), data, 0o600)
}

// keep is save where a failure can only be told.
func (s *Jobs) keep(j *job) {
	if err := s.save(j); err != nil {
		s.options.Log.Error("a job cannot be written to the state folder", "job", j.ID, "error", err)
	}
}

// load reads what an earlier process has left. Folders that it had not finished
// making are removed, others that cannot be read are not; what ran begins anew.
func (s *Jobs) load() error {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of jobs: %w", err)
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return fmt.Errorf("read the folder of jobs: %w", err)
	}
	for _, e := range entries {
		if !idForm.MatchString(e.Name()) {
			continue
		}
		switch err := loadOne(s, e.Name()); {
		case errors.Is(err, fs.ErrNotExist):
			_ = os.RemoveAll(s.dir(e.Name()))
		case err != nil:
			s.options.Log.Error("a job cannot be read: repair its file, or remove the folder", "folder", s.dir(e.Name()), "error", err)
		}
	}
	return nil
}

// maxStarts is how often the daemon may end while a job runs.
const maxStarts = 3

func loadOne(s *Jobs, id string) error {
	data, err := os.ReadFile(filepath.Join(s.dir(id), recordFile))
	if err != nil {
		return err
	}
	j := &job{changed: make(chan struct{})}
	if err := json.Unmarshal(data, &j.record); err != nil {
		return err
	}
	if j.ID != id || len(j.Events) == 0 {
		return errors.New("the file is of another job")
	}
	if j.State == Running {
		j.enter(Waiting)
		if j.Starts >= maxStarts {
			j.fail(fmt.Errorf("the daemon ended %d times while the photo was processed", j.Starts))
		}
		s.keep(j)
	}
	s.jobs[id] = j
	if j.Key != "" {
		s.keys[j.Owner+" "+j.Key] = id
	}
	return nil
}

// remove forgets a job and removes its folder. s.mu is held.
func (s *Jobs) remove(j *job) error {
	if err := os.RemoveAll(s.dir(j.ID)); err != nil {
		return err
	}
	delete(s.jobs, j.ID)
	if j.Key != "" {
		delete(s.keys, j.Owner+" "+j.Key)
	}
	j.notify()
	return nil
}

// expire removes finished jobs that were kept long enough and whose webhooks have
// been told or given up.
func (s *Jobs) expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.config.Retain == 0 {
		return // not configured yet
	}
	for _, j := range s.jobs {
		telling := j.delivering || j.Webhook != nil && j.Webhook.State == "waiting" && s.config.Secret != nil
		if j.State.final() && j.cancel == nil && !telling && j.Finished != nil && now.Sub(*j.Finished) > s.config.Retain {
			if err := s.remove(j); err != nil {
				s.options.Log.Warn("an expired job cannot be removed", "job", j.ID, "error", err)
			}
		}
	}
}

// sizeOf are the bytes of the files below a folder.
func sizeOf(folder string) (n int64) {
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read counts for nothing
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return nil
	})
	return n
}
