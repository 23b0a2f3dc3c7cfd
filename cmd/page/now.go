package page

import (
	"cmp"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/series"
	"github.com/burnish-photo/burnish/plugin/schedule"
	"github.com/burnish-photo/burnish/watcher"
)

// nowView is what the daemon does at this moment, and has done of late.
type nowView struct{ *Page }

func (v nowView) routes() []Route {
	return []Route{
		v.view("GET /{$}", "now", v.data),
		v.action("POST /pause", "now", v.pause),
	}
}

// now is what its template shows.
type now struct {
	api.Standing
	State   string // key of now.state
	Folders []folderNow
	Work    []workNow
	More    int // photos in progress that are not named
	Reasons []string
	Memory  api.MemoryUse
	Range   string
	Ranges  []series.Range
	Plots   []plot
	Rows    []row
}

// folderNow is a watched folder.
type folderNow struct {
	watcher.FolderState
	Queue       api.FolderQueue
	State, Tone string // key of now.folder, and a class of its colour
	Why         string
	Until       time.Time
}

// workNow is a photo in progress.
type workNow struct {
	api.PhotoInProgress
	Name, Folder string
	Elapsed      time.Duration
	Left         time.Duration // 0 where it is not known
}

func (v nowView) data(r *http.Request) (any, error) {
	standing, err := api.Status.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return nil, err
	}
	if standing.DaemonStatus == nil {
		standing.DaemonStatus = &api.DaemonStatus{}
	}
	n := now{Standing: standing, State: stateOf(standing), Folders: foldersNow(standing.DaemonStatus), Ranges: series.Ranges}
	// What follows is a part of the view alone: it goes without where the worker starts anew.
	if work, err := api.Progress.Call(r.Context(), v.client, api.None{}); err == nil {
		n.Work = worksNow(work, standing.DaemonStatus, time.Now())
		n.More = max(0, standing.Working-len(n.Work))
	}
	if memory, err := api.Memory.Call(r.Context(), v.client, api.None{}); err == nil {
		n.Memory = memory
	}
	if health, err := v.client.Health(r.Context()); err == nil {
		n.Reasons = health.Reasons
	}
	figures, err := api.Series.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return nil, err
	}
	chosen := series.Ranges[max(0, slices.IndexFunc(series.Ranges, func(s series.Range) bool { return s.Name == r.URL.Query().Get("range") }))]
	n.Range, n.Plots = chosen.Name, plots
	n.Rows = rows(chosen, figures[chosen.Name], time.Now())
	return n, nil
}

// stateOf is the daemon's state in a word.
func stateOf(s api.Standing) string {
	switch {
	case s.Paused:
		return "paused"
	case s.Shut != "":
		return "quiet"
	case s.Working > 0:
		return "working"
	case s.Waiting > 0:
		return "waiting"
	}
	for _, f := range s.Folders {
		if f.Arriving > 0 {
			return "receiving"
		}
	}
	return "idle"
}

func foldersNow(s *api.DaemonStatus) (all []folderNow) {
	for _, f := range s.Folders {
		now := folderNow{FolderState: f, State: string(f.Mode), Tone: "good", Why: f.Reason}
		for _, q := range s.Queues {
			if q.Folder == f.Folder {
				now.Queue = q
			}
		}
		switch f.Mode {
		case watcher.Starting:
			now.Tone = "info"
		case watcher.Degraded:
			now.Tone = "bad"
		}
		for _, h := range s.Held {
			if h.Folder != f.Folder {
				continue
			}
			now.State, now.Tone, now.Why, now.Until = "held", "warn", h.Reason, h.Until
			if h.Wanted {
				now.State, now.Tone = "waits", "info"
			}
			if now.Queue.Breaker != schedule.BreakerClosed && now.Queue.Breaker != "" {
				now.State = "breaker"
			}
		}
		all = append(all, now)
	}
	return all
}

func worksNow(p api.InProgress, s *api.DaemonStatus, at time.Time) (all []workNow) {
	for _, photo := range p.Photos {
		w := workNow{PhotoInProgress: photo, Name: filepath.Base(photo.Path), Elapsed: at.Sub(photo.Since)}
		for _, f := range s.Folders {
			if rest, ok := strings.CutPrefix(photo.Path, strings.TrimSuffix(f.Folder, "/")+"/"); ok {
				w.Name, w.Folder = rest, f.Folder
			}
		}
		if photo.Tiles > 0 && photo.ExpectedTiles > photo.Tiles {
			w.Left = time.Duration(float64(w.Elapsed) / float64(photo.Tiles) * float64(photo.ExpectedTiles-photo.Tiles))
		}
		all = append(all, w)
	}
	return all
}

// Megapixels are those of the photo, 0 where they are not known yet.
func (w workNow) Megapixels() float64 { return float64(w.Pixels) / 1e6 }

// TimeLeft is until all that waits is done, 0 where it is not known.
func (n now) TimeLeft() time.Duration { return time.Duration(n.ETA * float64(time.Second)) }

// Devices are what runs networks, each line once.
func (n now) Devices() (lines []string) {
	for _, steps := range n.Steps {
		lines = append(lines, steps...)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// plot is a figure over time: the columns of the table that it shows.
type plot struct {
	Name    string // key of now.plot
	Kind    string // bars or lines
	Columns []string
}

var plots = []plot{
	{"photos", "bars", []string{"photos", "failed"}},
	{"pixels", "bars", []string{"pixels"}},
	{"damage", "lines", []string{"damage"}},
	{"stages", "lines", stages},
}

// stages are those plotted, in their order.
var stages = []string{"queue", "admission", "decode", "restore", "encode", "verify"}

// row is a span of time: a value for each column of the plots, nil where there
// is none.
type row struct {
	From   time.Time
	Values []*float64
}

// Columns are the columns of rows.
func (n now) Columns() (all []string) {
	for _, p := range n.Plots {
		all = append(all, p.Columns...)
	}
	return all
}

// rows are the samples of a range, with those that are left out because nothing
// happened, oldest first.
func rows(r series.Range, samples []series.Sample, at time.Time) (all []row) {
	next, perHour := 0, float64(time.Hour)/float64(r.Step)
	last := at.Truncate(r.Step).UTC()
	for from := last.Add(-time.Duration(r.Keep-1) * r.Step); !from.After(last); from = from.Add(r.Step) {
		var s series.Sample
		for ; next < len(samples) && !samples[next].From.After(from); next++ {
			s = samples[next]
		}
		if !s.From.Equal(from) {
			s = series.Sample{}
		}
		all = append(all, row{from, values(s, perHour)})
	}
	return all
}

// values are those of the plots' columns: photos, failures and megapixels an
// hour, mean damage in percent, and seconds a photo by stage.
func values(s series.Sample, perHour float64) []*float64 {
	photos, failed, pixels := float64(s.Photos)*perHour, float64(s.Failed)*perHour, float64(s.Pixels)/1e6*perHour
	all := []*float64{&photos, &failed, &pixels, mean(s.Damage*100, s.Judged)}
	for _, stage := range stages {
		spent := s.Stages[stage]
		all = append(all, mean(spent.Time.Seconds(), spent.Photos))
	}
	return all
}

func mean(sum float64, n int64) *float64 {
	if n == 0 {
		return nil
	}
	sum /= float64(n)
	return &sum
}

// Busy are the rows in which something happened, newest first.
func (n now) Busy() (all []row) {
	for _, r := range n.Rows {
		if slices.ContainsFunc(r.Values, func(v *float64) bool { return v != nil && *v != 0 }) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(b.From.Unix(), a.From.Unix()) })
	return all
}

// pause begins a pause or ends one.
func (v nowView) pause(r *http.Request) (string, error) {
	paused := r.PostFormValue("paused") == "true"
	if _, err := api.Pause.Call(r.Context(), v.client, api.PauseRequest{Paused: paused}); err != nil {
		return "", err
	}
	if paused {
		return "/?said=paused", nil
	}
	return "/?said=resumed", nil
}

// String is the row for the plots: its time in seconds and its values, which are
// empty where there is none.
func (r row) String() string {
	var b strings.Builder
	fmt.Fprint(&b, r.From.Unix())
	for _, v := range r.Values {
		b.WriteByte(',')
		if v != nil {
			fmt.Fprintf(&b, "%.4g", *v)
		}
	}
	return b.String()
}
