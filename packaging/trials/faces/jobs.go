package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/burnish-photo/burnish/packaging/trials/faces/client"
)

// manyJobs is how many jobs are under way while the daemon is killed.
const manyJobs = 30

// jobsSurvive makes jobs, kills the daemon three times meanwhile, and asks for
// every one again: none is lost or doubled, and each output is whole.
func jobsSurvive(t *trial) error {
	ids := make([]string, manyJobs)
	for kill := range 3 {
		for i := range ids {
			if i%3 > kill {
				continue // made in a later round; the others are asked for once more
			}
			id, err := t.makeJob(fmt.Sprint("job ", i), t.photos[i%len(t.photos)], "")
			if err != nil {
				return err
			}
			if ids[i] != "" && ids[i] != id {
				return fmt.Errorf("the job %s was made again as %s", ids[i], id)
			}
			ids[i] = id
		}
		if err := errors.Join(t.kill(), t.start()); err != nil {
			return err
		}
	}
	outputs := 0
	for _, id := range ids {
		j, err := t.await(id)
		if err != nil {
			return err
		}
		for _, o := range j.Receipt.Outputs {
			if err := t.fetch(id, o); err != nil {
				return err
			}
			outputs++
		}
	}
	list, err := t.client.ListJobsWithResponse(context.Background(), &client.ListJobsParams{})
	if err != nil || list.JSON200 == nil || len(list.JSON200.Jobs) != manyJobs {
		return fmt.Errorf("the jobs are not the %d that were made: %w", manyJobs, err)
	}
	fmt.Printf("          %d jobs through 3 kills: none lost, none doubled, %d outputs whole\n", manyJobs, outputs)
	return nil
}

// makeJob makes a job, or finds the one that the same key made before.
func (t *trial) makeJob(key string, photo []byte, webhook string) (id string, err error) {
	params := &client.CreateJobParams{IdempotencyKey: &key}
	if webhook != "" {
		params.BurnishWebhook = &webhook
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		a, err := t.client.CreateJobWithBodyWithResponse(context.Background(), params, "image/jpeg", bytes.NewReader(photo))
		switch {
		case err != nil:
			return "", err
		case a.JSON201 != nil:
			return a.JSON201.Id, nil
		case a.JSON200 != nil:
			return a.JSON200.Id, nil
		case a.StatusCode() != 429:
			return "", fmt.Errorf("status %d: %s", a.StatusCode(), a.Body)
		}
	}
	return "", errors.New("no job was made in a minute")
}

// await waits until a job is done.
func (t *trial) await(id string) (*client.Job, error) {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		a, err := t.client.GetJobWithResponse(context.Background(), id)
		if err != nil || a.JSON200 == nil {
			return nil, fmt.Errorf("the job %s is lost: %w", id, err)
		}
		switch a.JSON200.State {
		case client.JobStateDone:
			return a.JSON200, nil
		case client.JobStateFailed:
			return nil, fmt.Errorf("the job %s failed: %s", id, a.Body)
		}
	}
	return nil, fmt.Errorf("the job %s is not done", id)
}

func (t *trial) fetch(id string, o client.MadeOutput) error {
	a, err := t.client.GetOutput(context.Background(), id, o.Id)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if sum := sha256.Sum256(data); err != nil || hex.EncodeToString(sum[:]) != o.Digest {
		return fmt.Errorf("the output %s of the job %s is not as it was made: %w", o.Id, id, err)
	}
	return nil
}
