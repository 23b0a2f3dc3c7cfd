package canary

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/history/rollout"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/undo"
)

// batch is how many photos a call of [Decider.Back] puts back.
const batch = 64

// Decider decides on trials.
type Decider struct {
	Store    history.Store
	StateDir string

	// Hold waits until nothing is done with a photo and keeps others from
	// beginning; nil where nobody else works on photos.
	Hold func(ctx context.Context, photo string) (release func(), err error)
}

// Decided is what came of a decision.
type Decided struct {
	Photos   []string // that are asked for, or have their former outputs again
	Problems []error  // of photos that could not be put back; each says what to do
	More     bool     // of Back: there are further ones, for which it is to be called again
	Run      string   // of Back: names the calls that belong together
}

// trial finds the one that is meant. Where pipeline or folder is "", it is the only
// one.
func (d Decider) trial(pipeline, folder string) (v history.Version, i int, since time.Time, err error) {
	all, err := d.Store.Versions()
	if err != nil {
		return v, 0, since, err
	}
	found := 0
	for _, known := range all {
		for n, t := range known.Trials {
			meant := (pipeline == "" || pipeline == known.Pipeline) && (folder == "" || folder == t.Folder)
			if meant && known.Until.IsZero() && t.Build == known.Build {
				v, i = known, n
				found++
			}
		}
	}
	switch {
	case found == 0:
		return v, 0, since, errors.New("no change is tried there; burnish canary lists what is")
	case found > 1:
		return v, 0, since, errors.New("several changes are tried: name one by --pipeline and --folder; burnish canary lists them")
	}
	since = v.Trials[i].Since
	for _, known := range all { // one that was not decided goes on in the next
		for _, t := range known.Trials {
			if known.Pipeline == v.Pipeline && t.Folder == v.Trials[i].Folder && t.Verdict == rollout.Open && t.Since.Before(since) {
				since = t.Since
			}
		}
	}
	return v, i, since, nil
}

func (d Decider) set(v history.Version, i int, verdict rollout.Verdict) error {
	v.Trials[i].Verdict, v.Trials[i].Decided = verdict, time.Now()
	return d.Store.SetVersion(v)
}

// Go asks for the photos that the change concerns and that were not tried. It may be
// repeated where it was cut off, and fails where nothing is left to be asked for.
func (d Decider) Go(ctx context.Context, pipeline, folder string) (done Decided, err error) {
	v, i, _, err := d.trial(pipeline, folder)
	if err != nil {
		return done, err
	}
	again := v.Trials[i].Verdict == rollout.Go
	if !again {
		if err := d.set(v, i, rollout.Go); err != nil {
			return done, err
		}
	}
	versions, err := history.AllVersions(d.Store)
	if err != nil {
		return done, err
	}
	var keys []history.Key
	err = d.Store.Each(false, func(r history.Record) error {
		if r.Pipeline == v.Pipeline && r.Root == v.Trials[i].Folder {
			keys = append(keys, r.Key)
		}
		return ctx.Err()
	})
	for _, key := range keys {
		if err != nil {
			break
		}
		err = d.ask(ctx, key, v, versions, &done)
	}
	if err == nil && again && len(done.Photos) == 0 {
		err = errors.New("it was decided already that the other photos follow")
	}
	return done, err
}

// ask asks for a photo, by its record as it is now.
func (d Decider) ask(ctx context.Context, key history.Key, v history.Version, versions history.Versions, done *Decided) error {
	if d.Hold != nil {
		release, err := d.Hold(ctx, key.Path)
		if err != nil {
			return err
		}
		defer release()
	}
	all, err := d.Store.Of(key.Path)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Task != key.Task {
			continue
		}
		wanted := r.Undone.IsZero() && v.Concerns(r, versions[r.Settings()]) && mounts.MayExist(r.Path)
		if !wanted && r.Trial == nil {
			continue
		}
		if wanted {
			r.State = history.Requeued
			done.Photos = append(done.Photos, r.Path)
		}
		r.Trial = nil
		if err := d.Store.Put(r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Back puts former outputs back, of some photos at a time, and lets all photos keep
// what they have until somebody asks for more, or the pipeline changes again.
func (d Decider) Back(ctx context.Context, pipeline, folder, run string) (done Decided, err error) {
	v, i, since, err := d.trial(pipeline, folder)
	if err != nil {
		return done, err
	}
	t := v.Trials[i]
	if t.Verdict == rollout.Go {
		return done, errors.New("it was decided that the other photos follow; burnish undo puts outputs back")
	}
	if err := d.set(v, i, rollout.Back); err != nil {
		return done, err
	}
	var tried []history.Record
	err = d.Store.Each(false, func(r history.Record) error {
		if r.Trial != nil && r.Pipeline == v.Pipeline && r.Root == t.Folder {
			tried = append(tried, r)
		}
		return ctx.Err()
	})
	if err != nil {
		return done, err
	}
	problems := map[string]error{}
	for len(tried) > 0 && len(done.Photos) == 0 { // photos that refuse are passed over
		n := min(batch, len(tried))
		if err := d.putBack(ctx, tried[:n], since, run, &done, problems); err != nil {
			return done, err
		}
		tried = tried[n:]
	}
	done.More = len(tried) > 0
	if !done.More {
		for _, err := range problems {
			done.Problems = append(done.Problems, err)
		}
	}
	return done, nil
}

// putBack undoes what was done to the photos since then, and lets their records be
// those of before.
func (d Decider) putBack(ctx context.Context, tried []history.Record, since time.Time, run string, done *Decided, problems map[string]error) error {
	u := undo.Undoer{Store: d.Store, StateDir: d.StateDir, Hold: d.Hold}
	tasks := map[history.Key]bool{} // of the pipeline, which may have been changed again since
	q := undo.Request{Since: since, Run: run, Of: func(e journal.Entry) bool {
		return tasks[history.Key{Path: e.Photo, Task: folderOf(e.Task)}] && e.Pipeline == tried[0].Pipeline
	}}
	untold := map[string]bool{} // photos whose files were not put back yet
	for _, r := range tried {
		tasks[history.Key{Path: r.Path, Task: folderOf(r.Task)}] = true
		if r.Undone.IsZero() && (len(r.Outputs) > 0 || r.MovedTo != "") {
			q.Paths = append(q.Paths, r.Path)
			untold[r.Path] = true
		}
	}
	for len(q.Paths) > 0 {
		page, err := u.Undo(ctx, q)
		if err != nil {
			return err
		}
		for _, p := range page.Photos {
			delete(untold, p.Path)
			if p.Problem != "" {
				problems[p.Path] = fmt.Errorf("%s keeps its new outputs: %s; %s", p.Path, p.Problem, p.Hint)
			}
		}
		if q.Before, q.Run, done.Run = page.Next, page.Run, page.Run; q.Before == 0 {
			break
		}
	}
	for path := range untold { // as after the clock was turned back, or the journal was lost
		problems[path] = fmt.Errorf("%s keeps its new outputs: the journal does not tell what was done to it since %s; burnish undo puts it back", path, since.Local().Format(time.DateTime))
	}
	for _, r := range tried {
		if problems[r.Path] != nil {
			continue
		}
		if err := d.restore(ctx, r.Key); err != nil {
			return err
		}
		done.Photos = append(done.Photos, r.Path)
	}
	return nil
}

// folderOf is the output folder of a task.
func folderOf(task string) string {
	_, folder, _ := strings.Cut(task, " ")
	return folder
}

// restore gives a photo the record of before, now that its files are as they were.
func (d Decider) restore(ctx context.Context, key history.Key) error {
	if d.Hold != nil {
		release, err := d.Hold(ctx, key.Path)
		if err != nil {
			return err
		}
		defer release()
	}
	all, err := d.Store.Of(key.Path)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Task != key.Task || r.Trial == nil {
			continue
		}
		before := r.Trial.Before
		before.Trial = nil
		if before.Content == r.Content {
			before.Stat = r.Stat
		}
		c := history.Change{Put: []history.Record{before}}
		if before.Task != r.Task {
			c.Delete = []history.Key{r.Key}
		}
		if r.State == history.Quarantined {
			_ = history.RemoveReason(d.StateDir, r) // it is of no use any more
		}
		if _, err := d.Store.Apply(c); err != nil {
			return err
		}
	}
	return nil
}
