package page

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin"
)

// failuresView shows photos that failed.
type failuresView struct{ *Page }

// failuresShown is how many failures a page of the view has.
const failuresShown = 25

func (v failuresView) routes() []Route {
	return []Route{
		v.view("GET /failures", "failures", v.data),
		v.action("POST /failures/retry", "failures", v.retry),
		v.action("POST /failures/quarantine", "failures", v.quarantine),
	}
}

// failureFilter chooses among failures, as the view's query has it.
type failureFilter struct {
	Kind, Folder, State, Text string
}

func failureFilterOf(q url.Values) failureFilter {
	return failureFilter{Kind: q.Get("kind"), Folder: q.Get("folder"), State: q.Get("state"), Text: strings.TrimSpace(q.Get("text"))}
}

// Query is the filter as the view's query.
func (f failureFilter) Query() string {
	q := url.Values{}
	for key, value := range map[string]string{"kind": f.Kind, "folder": f.Folder, "state": f.State, "text": f.Text} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q.Encode()
}

func (f failureFilter) matches(e plugin.Failure) bool {
	text := strings.ToLower(f.Text)
	return (f.Kind == "" || f.Kind == string(e.Kind)) && (f.Folder == "" || f.Folder == e.Root) &&
		(f.State == "" || (f.State == "quarantined") == e.Quarantined) &&
		(text == "" || strings.Contains(strings.ToLower(e.Path+"\n"+e.Reason), text))
}

// failures is what its template shows.
type failures struct {
	Filter  failureFilter
	Kinds   []string // of all failures, sorted
	Folders []string
	Shown   []failureShown
	Found   int // that the filter chooses
	All     int
	Pages   pages
}

// failureShown is one failure with what the log says of it.
type failureShown struct {
	plugin.Failure
	Folder, Name string
	Lines        []api.LogLine
}

// data lists a page of the failures that the filter chooses, the latest first.
func (v failuresView) data(r *http.Request) (any, error) {
	answer, err := api.Failed.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return nil, err
	}
	f := failures{Filter: failureFilterOf(r.URL.Query()), All: len(answer.Failures)}
	var chosen []plugin.Failure
	for _, e := range answer.Failures {
		f.Kinds, f.Folders = append(f.Kinds, string(e.Kind)), append(f.Folders, e.Root)
		if f.Filter.matches(e) {
			chosen = append(chosen, e)
		}
	}
	slices.Sort(f.Kinds)
	slices.Sort(f.Folders)
	f.Kinds, f.Folders = slices.Compact(f.Kinds), slices.DeleteFunc(slices.Compact(f.Folders), func(folder string) bool { return folder == "" })
	slices.SortStableFunc(chosen, func(a, b plugin.Failure) int { return b.Time.Compare(a.Time) })
	f.Found, f.Pages = len(chosen), pagesOf(r, len(chosen), failuresShown)
	for _, e := range chosen[f.Pages.from:f.Pages.to] {
		shown := failureShown{Failure: e, Folder: path.Dir(e.Path), Name: path.Base(e.Path)}
		shown.Reason = strings.TrimPrefix(strings.TrimPrefix(e.Reason, e.Path), ": ")
		if log, err := api.Log.Call(r.Context(), v.client, api.LogRequest{Photo: e.Path}); err == nil { // a part of the view alone
			shown.Lines = log.Lines
		}
		f.Shown = append(f.Shown, shown)
	}
	return f, nil
}

// retry makes new ones of the photos that the form names, or of all that its
// filter chooses.
func (v failuresView) retry(r *http.Request) (to string, err error) {
	return v.change(r, "retried", func(paths []string) (api.Requeued, error) {
		return api.Retry.Call(r.Context(), v.client, api.RetryRequest{Paths: paths})
	})
}

// quarantine gives up trying the photos that the form names.
func (v failuresView) quarantine(r *http.Request) (to string, err error) {
	return v.change(r, "quarantined", func(paths []string) (api.Requeued, error) {
		return api.Quarantine.Call(r.Context(), v.client, api.RetryRequest{Paths: paths})
	})
}

// change does something with the photos of a form, named by the ids of their
// records, and goes back to the view.
func (v failuresView) change(r *http.Request, said string, do func(paths []string) (api.Requeued, error)) (to string, err error) {
	answer, err := api.Failed.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return "", err
	}
	filter, all := failureFilterOf(r.PostForm), r.PostForm.Get("all") != ""
	var paths []string
	for _, e := range answer.Failures {
		if all && filter.matches(e) || slices.Contains(r.PostForm["photo"], e.ID) {
			paths = append(paths, e.Path)
		}
	}
	if len(paths) > 0 { // none would be all
		done, err := do(paths)
		if err := errors.Join(err, done.Err()); err != nil {
			return "", err
		}
	}
	back := "/failures?said=" + said
	if query := filter.Query(); query != "" {
		back += "&" + query
	}
	return back, nil
}

// pages are the pages of a list, of which one is shown.
type pages struct {
	Before, After string // paths of the pages beside it; "" where there is none
	First, Last   int    // what is shown, counted from 1
	from, to      int
}

// pagesOf is the page that a request asks for, of n things.
func pagesOf(r *http.Request, n, each int) pages {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	page = max(0, min(page, (n-1)/each))
	p := pages{from: page * each, to: min((page+1)*each, n)}
	p.First, p.Last = p.from+1, p.to
	at := func(page int) string {
		q.Set("page", fmt.Sprint(page))
		q.Del("said")
		return r.URL.Path + "?" + q.Encode()
	}
	if page > 0 {
		p.Before = at(page - 1)
	}
	if p.to < n {
		p.After = at(page + 1)
	}
	return p
}
