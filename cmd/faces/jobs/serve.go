package jobs

import (
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/danielgtaylor/huma/v2"
)

// OneInput names a job.
type OneInput struct {
	ID string `path:"id" maxLength:"26"`
}

type outputInput struct {
	OneInput
	Output string `path:"output" maxLength:"64" doc:"id or number of the output"`
}

type eventsInput struct {
	OneInput
	Last int `header:"Last-Event-ID" minimum:"0" doc:"number of the last event that was seen"`
}

type listInput struct {
	State string `query:"state" enum:"waiting,running,done,failed" doc:"jobs in this state alone"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// List are jobs, the newest first.
type List struct {
	Jobs []Job `json:"jobs" nullable:"false"`
}

// requests answers what is asked of jobs.
type requests struct{ *Jobs }

// Register declares the operations on jobs to the API.
func (s *Jobs) Register(a *v1.API) {
	answer := func(op huma.Operation, status int, schema *huma.Schema, problems ...int) huma.Operation {
		op.Responses = v1.Problems(a, append(problems, 401, 403, 404, 500)...)
		ok := &huma.Response{Description: http.StatusText(status)}
		if schema != nil {
			ok.Content = map[string]*huma.MediaType{"application/json": {Schema: schema}}
		}
		op.Responses[strconv.Itoa(status)] = ok
		return op
	}
	h, one := requests{s}, v1.Schema[Job](a)
	body := v1.PhotoBody()
	body.Content["application/json"] = &huma.MediaType{Schema: v1.Schema[Named](a)}
	create := answer(huma.Operation{OperationID: "createJob", Method: http.MethodPost, Path: "/v1/jobs", Summary: "Make a job of a photo that is sent, or named where it lies in a watched folder", RequestBody: body}, 201, one, 400, 408, 409, 413, 415, 422, 429, 503, 507)
	create.Responses["200"] = &huma.Response{Description: "The job that the same request made before.", Content: create.Responses["201"].Content}
	v1.Register(a, create, h.create)
	v1.Register(a, answer(huma.Operation{OperationID: "listJobs", Method: http.MethodGet, Path: "/v1/jobs", Summary: "List the jobs of this token"}, 200, v1.Schema[List](a), 422), h.list)
	v1.Register(a, answer(huma.Operation{OperationID: "getJob", Method: http.MethodGet, Path: "/v1/jobs/{id}", Summary: "Tell how a job stands"}, 200, one), h.get)
	v1.Register(a, answer(huma.Operation{OperationID: "deleteJob", Method: http.MethodDelete, Path: "/v1/jobs/{id}", Summary: "End a job and remove it with its outputs"}, 204, nil), h.delete)
	output := answer(huma.Operation{OperationID: "getOutput", Method: http.MethodGet, Path: "/v1/jobs/{id}/outputs/{output}", Summary: "Fetch an output"}, 200, nil, 409)
	output.Responses["200"].Content = map[string]*huma.MediaType{"image/*": {Schema: v1.Binary()}}
	v1.Register(a, output, h.output)
	events := answer(huma.Operation{OperationID: "jobEvents", Method: http.MethodGet, Path: "/v1/jobs/{id}/events", Summary: "Follow a job by server-sent events: state (with an id), progress, deleted"}, 200, nil, 422)
	events.Responses["200"].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}}
	events.Responses["204"] = &huma.Response{Description: "The last event was seen: there will be none."}
	v1.Register(a, events, h.events)
	v1.Register(a, answer(huma.Operation{OperationID: "replayWebhook", Method: http.MethodPost, Path: "/v1/jobs/{id}/webhook", Summary: "Send the webhook of a finished job again"}, 202, one, 409), h.replay)
}

// find is a job of who asks. Others' are not told of. s.mu is not held.
func (s requests) find(r *http.Request, id string) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j == nil || j.Owner != serve.Owner(r) {
		return nil, v1.Refused(http.StatusNotFound, "there is no job %.40q", id)
	}
	return j, nil
}

func (s requests) get(w http.ResponseWriter, r *http.Request, in *OneInput) error {
	j, err := s.find(r, in.ID)
	if err != nil {
		return err
	}
	progress := s.progress(r.Context(), j)
	s.mu.Lock()
	view := s.view(j)
	s.mu.Unlock()
	if view.State == Running {
		view.Progress = progress
	}
	return v1.WriteJSON(w, http.StatusOK, view)
}

func (s requests) list(w http.ResponseWriter, r *http.Request, in *listInput) error {
	all := List{Jobs: []Job{}}
	s.mu.Lock()
	for _, j := range s.jobs {
		if j.Owner == serve.Owner(r) && (in.State == "" || in.State == string(j.State)) {
			all.Jobs = append(all.Jobs, s.view(j))
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all.Jobs, func(a, b Job) int { return b.Created.Compare(a.Created) })
	all.Jobs = all.Jobs[:min(len(all.Jobs), in.Limit)]
	return v1.WriteJSON(w, http.StatusOK, all)
}

func (s requests) delete(w http.ResponseWriter, r *http.Request, in *OneInput) error {
	j, err := s.find(r, in.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs[j.ID] != j {
		return v1.Refused(http.StatusNotFound, "there is no job %.40q", in.ID)
	}
	if j.cancel != nil {
		j.cancel()
	}
	if err := s.remove(j); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s requests) output(w http.ResponseWriter, r *http.Request, in *outputInput) error {
	j, err := s.find(r, in.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	state, receipt, files, places := j.State, j.Receipt, j.Files, j.Places
	s.mu.Unlock()
	if state != Done || receipt == nil {
		return v1.Refused(http.StatusConflict, "the job is %s: it has no outputs", state)
	}
	n, _ := strconv.Atoi(in.Output)
	for i, o := range receipt.Outputs {
		numbered := i < len(places) && n == places[i]+1 || len(places) == 0 && n == i+1 // none: an earlier version's
		if i < len(files) && (o.ID == in.Output || numbered) {
			return v1.SendFile(w, r, filepath.Join(s.dir(j.ID), outFolder, files[i]), o)
		}
	}
	return v1.Refused(http.StatusNotFound, "the job has no output %.70q", in.Output)
}

// replay lets the webhook of a finished job be sent again.
func (s requests) replay(w http.ResponseWriter, r *http.Request, in *OneInput) error {
	j, err := s.find(r, in.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.Webhook == nil || !j.State.final() {
		return v1.Refused(http.StatusConflict, "the job is %s and its webhook cannot be sent again", j.State)
	}
	now := time.Now()
	j.Webhook.State, j.Webhook.Attempts, j.Webhook.Next, j.Webhook.LastError = "waiting", 0, &now, ""
	s.keep(j)
	s.poke()
	return v1.WriteJSON(w, http.StatusAccepted, s.view(j))
}
