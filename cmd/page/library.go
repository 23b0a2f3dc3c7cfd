package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// libraryView is what concerns all photos that were ever processed: what changed
// pipelines mean for them, whether their files are as they should be, and taking
// back what was done to them.
type libraryView struct{ *Page }

const (
	undoShown  = 200             // photos of a preview that are listed
	undoWithin = 3 * time.Second // for which a preview looks through the journal
)

func (v libraryView) routes() []Route {
	return []Route{
		v.view("GET /library", "library", v.data),
		v.view("GET /library/undo", "undo", v.preview),
		v.action("POST /library/undo", "library", v.undo),
		v.action("POST /library/verify", "library", v.verify),
		v.action("POST /library/stop", "library", v.stop),
		v.action("POST /library/reprocess", "library", v.reprocess),
		v.action("POST /library/keep", "library", v.keep),
	}
}

// libraryShown is what its template shows.
type libraryShown struct {
	Task    taskShown
	Changes []changeShown
	Folders []string // that are watched
	Spans   []string // keys of library.span
	Scrub   *api.ScrubStatus
}

// taskShown is a task with what its template asks of it.
type taskShown struct{ api.LibraryTask }

// Took is how long it ran.
func (t taskShown) Took() time.Duration { return t.Ended.Sub(t.Began) }

// Since is when it began, as the form of an undo has it.
func (t taskShown) Since() string { return t.Began.Format(time.RFC3339Nano) }

// Bad reports whether something is not as it should be.
func (t taskShown) Bad() bool { return len(t.Found) > 0 || t.Refused > 0 }

// Curable reports whether outputs could be made again.
func (t taskShown) Curable() bool {
	return t.Found[string(plugin.MissingOutput)]+t.Found[string(plugin.AlteredOutput)] > 0
}

// changeShown is the change of a pipeline, for the photos of a folder.
type changeShown struct {
	api.PipelineChange
	State, Tone string // key of library.change.state, and a class of its colour
}

// Waits reports whether somebody may decide about the photos.
func (c changeShown) Waits() bool { return c.Asked < c.Photos && c.OnChange != plugin.RedoChanged }

func (v libraryView) data(r *http.Request) (any, error) {
	standing, err := api.Status.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return nil, err
	}
	l := libraryShown{Spans: spans}
	if l.Task.LibraryTask, err = api.Task.Call(r.Context(), v.client, api.None{}); err != nil {
		return nil, err
	}
	for i, f := range l.Task.Findings {
		if f.Kind == plugin.MissingOutput || f.Kind == plugin.AlteredOutput {
			l.Task.Findings[i].Hint = "" // the view has buttons for what it says
		}
	}
	if standing.DaemonStatus == nil {
		return l, nil
	}
	l.Scrub = standing.Scrub
	for _, f := range standing.Folders {
		l.Folders = append(l.Folders, f.Folder)
	}
	for _, c := range standing.Changes {
		shown := changeShown{PipelineChange: c, State: "asks", Tone: "warn"}
		switch {
		case !shown.Waits():
			shown.State, shown.Tone = "redone", "info"
		case c.OnChange == plugin.KeepOutputs:
			shown.State, shown.Tone = "kept", ""
		}
		l.Changes = append(l.Changes, shown)
	}
	return l, nil
}

// spans are times that one may go back, and keys of their texts.
var spans = []string{"1h", "24h", "168h", "720h"}

// undoPreview is what an undo would do.
type undoPreview struct {
	Request  plugin.UndoRequest
	Photo    string // id of the photo that it is about; "": by a filter
	Folder   string
	Photos   []plugin.UndonePhoto // the first that would be undone
	Refused  []plugin.UndonePhoto // the first that would not
	Count    api.UndoneCount
	Refusals int
	Unsure   bool // the journal was not looked through to its end
}

// Fields are the request as fields of a form.
func (p undoPreview) Fields() map[string]string {
	fields := map[string]string{"until": p.Request.Until.Format(time.RFC3339Nano), "photo": p.Photo, "folder": p.Folder, "where": p.Request.Where}
	if !p.Request.Since.IsZero() {
		fields["since"] = p.Request.Since.Format(time.RFC3339Nano)
	}
	if p.Request.Redo {
		fields["redo"] = "true"
	}
	return fields
}

// preview looks at what the query chooses, and moves nothing.
func (v libraryView) preview(r *http.Request) (any, error) {
	p, err := v.chosen(r.Context(), r.URL.Query())
	if err != nil {
		return nil, err
	}
	q := p.Request
	q.Dry = true
	for until := time.Now().Add(undoWithin); ; {
		page, err := api.Undo.Call(r.Context(), v.client, q)
		if err != nil {
			return nil, err
		}
		for _, photo := range page.Photos {
			p.add(photo)
		}
		if page.Next == 0 {
			return p, nil
		}
		if q.Before, q.Run = page.Next, page.Run; time.Now().After(until) {
			p.Unsure = true
			return p, nil
		}
	}
}

func (p *undoPreview) add(photo plugin.UndonePhoto) {
	if photo.Problem != "" {
		if p.Refusals++; len(p.Refused) < undoShown {
			p.Refused = append(p.Refused, photo)
		}
		return
	}
	p.Count.Add(photo)
	if len(p.Photos) < undoShown {
		p.Photos = append(p.Photos, photo)
	}
}

// chosen is the request that a form or a query makes. Photos are named by the ids
// of their records, and folders must be watched ones.
func (v libraryView) chosen(ctx context.Context, form url.Values) (p undoPreview, err error) {
	p.Photo, p.Folder = form.Get("photo"), form.Get("folder")
	q := plugin.UndoRequest{Where: strings.TrimSpace(form.Get("where")), Redo: form.Get("redo") != "", Until: time.Now()}
	for key, at := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if text := form.Get(key); text != "" {
			if *at, err = time.Parse(time.RFC3339Nano, text); err != nil {
				return p, badRequest("%s must be a time such as 2026-06-01T12:00:00Z, got %q", key, text)
			}
		}
	}
	if text := form.Get("last"); text != "" {
		span, err := time.ParseDuration(text)
		if err != nil || span <= 0 {
			return p, badRequest("last must be a span of time such as 24h, got %q", text)
		}
		q.Since = time.Now().Add(-span)
	}
	if q.Paths, err = v.paths(ctx, p.Folder); err != nil {
		return p, err
	}
	if p.Photo != "" {
		photo, err := api.Photo.Call(ctx, v.client, api.PhotoRequest{Photo: p.Photo})
		if err != nil {
			return p, err
		}
		q.Paths = []string{photo.Record.Path}
	}
	if q.Since.IsZero() && q.Where == "" && len(q.Paths) == 0 {
		return p, badRequest("choose a time, a folder or a condition first: without any, everything would be undone")
	}
	p.Request = q
	return p, nil
}

// paths are the watched folder of that name; none for "".
func (v libraryView) paths(ctx context.Context, folder string) ([]string, error) {
	if folder == "" {
		return nil, nil
	}
	standing, err := api.Status.Call(ctx, v.client, api.None{})
	if err != nil {
		return nil, err
	}
	if standing.DaemonStatus != nil {
		for _, f := range standing.Folders {
			if f.Folder == folder {
				return []string{folder}, nil
			}
		}
	}
	return nil, badRequest("folder must be a watched folder, got %q", folder)
}

func badRequest(format string, values ...any) error {
	return &api.Problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf(format, values...)}
}

// undo begins to undo what a preview has shown.
func (v libraryView) undo(r *http.Request) (to string, err error) {
	p, err := v.chosen(r.Context(), r.PostForm)
	if err != nil {
		return "", err
	}
	_, err = api.UndoAll.Call(r.Context(), v.client, p.Request)
	return "/library", err
}

// verify begins to verify, or to heal.
func (v libraryView) verify(r *http.Request) (to string, err error) {
	depth, heal := r.PostForm.Get("depth"), plugin.Heal(r.PostForm.Get("heal"))
	if !slices.Contains([]plugin.Heal{"", plugin.HealMissing, plugin.HealAltered}, heal) {
		return "", badRequest("heal must be missing or altered, got %q", heal)
	}
	q := plugin.VerifyRequest{Quick: depth == "quick", Decode: depth == "decode", Heal: heal}
	if q.Paths, err = v.paths(r.Context(), r.PostForm.Get("folder")); err != nil {
		return "", err
	}
	_, err = api.VerifyAll.Call(r.Context(), v.client, q)
	return "/library", err
}

func (v libraryView) stop(r *http.Request) (to string, err error) {
	_, err = api.StopTask.Call(r.Context(), v.client, api.None{})
	return "/library", err
}

// choice is the change that a form is about.
func choice(r *http.Request) api.ChangeChoice {
	return api.ChangeChoice{Folder: r.PostForm.Get("folder"), Pipeline: r.PostForm.Get("pipeline"), Version: r.PostForm.Get("version")}
}

// reprocess asks for the photos of a change to be processed again.
func (v libraryView) reprocess(r *http.Request) (to string, err error) {
	c := choice(r)
	if c.Folder == "" || c.Pipeline == "" {
		return "", badRequest("folder and pipeline must be those of a change")
	}
	where := fmt.Sprintf("changed and pipeline == %s and path startsWith %s", strconv.Quote(c.Pipeline), strconv.Quote(strings.TrimSuffix(c.Folder, "/")+"/"))
	done, err := api.Reprocess.Call(r.Context(), v.client, api.ReprocessRequest{Where: where})
	return "/library?said=reprocessing", errors.Join(err, done.Err())
}

// keep leaves the photos of a change as they are.
func (v libraryView) keep(r *http.Request) (to string, err error) {
	_, err = api.KeepChange.Call(r.Context(), v.client, choice(r))
	return "/library?said=kept", err
}
