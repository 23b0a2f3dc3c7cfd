package jobs_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/packaging/trials/faces/client"
)

// A client that is generated from the document makes a job, follows it and
// fetches its output.
func TestAGeneratedClient(t *testing.T) {
	d := start(t)
	d.api.Configure(d.config.Pipelines)
	c, err := client.NewClientWithResponses(d.server.URL, client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+d.tokens["anna"])
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, web, key := t.Context(), "web", "k"
	processed, err := c.ProcessWithBodyWithResponse(ctx, &client.ProcessParams{Pipeline: &web}, "image/jpeg", strings.NewReader("pixels"))
	if err != nil || processed.StatusCode() != 200 || string(processed.Body) != "pixels" || processed.HTTPResponse.Header.Get("Burnish-Decision") != "restored" {
		t.Fatalf("%v: %+v", err, processed)
	}
	made, err := c.CreateJobWithBodyWithResponse(ctx, &client.CreateJobParams{Pipeline: &web, IdempotencyKey: &key}, "image/jpeg", strings.NewReader("pixels"))
	if err != nil || made.JSON201 == nil {
		t.Fatalf("%v: %+v", err, made)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		got, err := c.GetJobWithResponse(ctx, made.JSON201.Id)
		if err != nil || got.JSON200 == nil || time.Now().After(deadline) {
			t.Fatalf("%v: %+v", err, got)
		}
		if got.JSON200.State == client.JobStateDone {
			break
		}
	}
	list, err := c.ListJobsWithResponse(ctx, &client.ListJobsParams{})
	if err != nil || list.JSON200 == nil || len(list.JSON200.Jobs) != 1 {
		t.Fatalf("%v: %+v", err, list)
	}
	output, err := c.GetOutput(ctx, made.JSON201.Id, "full")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Body.Close()
	if data, _ := io.ReadAll(output.Body); string(data) != "pixels" {
		t.Errorf("the output is %q", data)
	}
	refused, err := c.GetJobWithResponse(ctx, "none")
	if err != nil || refused.ApplicationproblemJSON404 == nil || refused.ApplicationproblemJSON404.Status != 404 {
		t.Errorf("%v: %s", err, refused.Body)
	}
	if gone, err := c.DeleteJobWithResponse(ctx, made.JSON201.Id); err != nil || gone.StatusCode() != 204 {
		t.Errorf("%v: %+v", err, gone)
	}
}
