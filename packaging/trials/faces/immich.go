package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/packaging/trials/faces/standin"
)

const immichConfiguration = `  immich: {url: "%s", key_file: ./immich-key, pipeline: immich}
`

// immich lets a stand-in for an Immich server send the webhooks of new photos,
// fail some requests, and lose the daemon twice meanwhile: each damaged photo is
// stacked upon once, and no other.
func immich(t *trial) (err error) {
	var mu sync.Mutex
	var reported error
	server, err := standin.New(func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		reported = errors.Join(reported, fmt.Errorf(format, args...))
	})
	if err != nil {
		return err
	}
	defer server.Close()
	server.Fail = failing()
	if err := t.serve(server.URL); err != nil {
		return err
	}
	damaged, sound, err := t.library(server)
	if err != nil {
		return err
	}
	for _, id := range append(damaged, sound...) {
		for range 2 { // Immich sends again what it was not answered in time
			if err := t.hook(id, http.StatusAccepted); err != nil {
				return err
			}
		}
	}
	for _, uploads := range []int{1, len(damaged) / 2} {
		if err := stacked(server, uploads); err != nil {
			return err
		}
		if err := errors.Join(t.kill(), t.start()); err != nil {
			return err
		}
	}
	if err := stacked(server, len(damaged)); err != nil {
		return err
	}
	if err := t.settled(); err != nil {
		return err
	}
	server.Mu.Lock()
	uploads, stacks := len(server.Files)-len(damaged)-len(sound), server.Stacks
	server.Mu.Unlock()
	if err := judge(server, stacks, uploads, damaged); err != nil {
		return err
	}
	for _, stack := range stacks { // which fires the workflow once more
		if err := t.hook(stack[0], http.StatusOK); err != nil {
			return err
		}
	}
	log, err := os.ReadFile(t.file("log"))
	if err != nil || bytes.Contains(log, []byte(standin.Key)) {
		return errors.Join(err, errors.New("the log shows the key, or cannot be read"))
	}
	mu.Lock()
	defer mu.Unlock()
	fmt.Printf("          %d damaged photos restored, tagged and stacked once each, %d others left alone, through 2 kills and failing requests\n", len(damaged), len(sound))
	return reported
}

// failing fails the first uploads and stacks.
func failing() func(call string, n int) (int, http.Header) {
	return func(call string, n int) (int, http.Header) {
		switch {
		case call == "POST /assets" && n == 1:
			return http.StatusServiceUnavailable, nil
		case call == "POST /stacks" && n <= 2:
			return http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}}
		}
		return 0, nil
	}
}

// serve lets the daemon serve the Immich at that address.
func (t *trial) serve(address string) error {
	text, err := os.ReadFile(t.file("burnish.yaml"))
	if err != nil {
		return err
	}
	if err := t.end(); err != nil {
		return err
	}
	text = fmt.Appendf(text, immichConfiguration, address)
	return errors.Join(os.WriteFile(t.file("burnish.yaml"), text, 0o600), os.WriteFile(t.file("immich-key"), []byte(standin.Key), 0o600), t.start())
}

// library uploads photos that are damaged, and some that are not.
func (t *trial) library(server *standin.Server) (damaged, sound []string, err error) {
	for i, photo := range t.photos {
		damaged = append(damaged, server.Add(fmt.Sprintf("IMG_%d.jpg", i), photo))
	}
	originals, err := filepath.Glob(filepath.Join(*photos, "..", "originals", "*.webp"))
	if err != nil || len(originals) == 0 {
		return nil, nil, fmt.Errorf("no originals beside %s: %w", *photos, err)
	}
	for _, path := range originals[:min(len(originals), 2)] {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		sound = append(sound, server.Add(filepath.Base(path), data))
	}
	film := server.Add("film.mp4", []byte("\x00\x00\x00\x18ftypmp42"))
	server.Assets[film]["type"] = "VIDEO"
	return damaged, append(sound, film), nil
}

// hook sends the webhook of a new asset.
func (t *trial) hook(id string, want int) error {
	body := fmt.Sprintf(`{"type":"AssetV1","trigger":"AssetCreate","data":{"asset":{"id":%q,"type":"IMAGE","originalPath":"http://169.254.169.254/"}}}`, id)
	r, err := http.NewRequest(http.MethodPost, "http://"+t.address+"/v1/immich", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != want && a.StatusCode != http.StatusOK {
		return fmt.Errorf("the webhook of %s: status %d, want %d: %w\n%s", id, a.StatusCode, want, err, text)
	}
	return nil
}

// within is how long a face may take for what it is waited for.
const within = 5 * time.Minute

// stacked waits for so many stacks.
func stacked(server *standin.Server, n int) error {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		server.Mu.Lock()
		got := len(server.Stacks)
		server.Mu.Unlock()
		if got >= n {
			return nil
		}
	}
	return fmt.Errorf("there are fewer than %d stacks after %s", n, within)
}

// settled waits until no asset waits.
func (t *trial) settled() error {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		a, err := http.Get("http://" + t.address + "/v1/immich")
		if err != nil {
			return err
		}
		var state struct{ Waiting int }
		err = json.NewDecoder(a.Body).Decode(&state)
		a.Body.Close()
		if err != nil {
			return err
		}
		if state.Waiting == 0 {
			return nil
		}
	}
	return fmt.Errorf("assets wait after %s", within)
}

// judge holds what there is in Immich against what there has to be.
func judge(server *standin.Server, stacks [][]string, uploads int, damaged []string) error {
	server.Mu.Lock()
	defer server.Mu.Unlock()
	seen := map[string]bool{}
	for _, stack := range stacks {
		if len(stack) != 2 || seen[stack[1]] {
			return fmt.Errorf("a stack is %v, or is one of several of a photo", stack)
		}
		seen[stack[1]] = true
		if tags, _ := server.Assets[stack[0]]["tags"].([]any); len(tags) != 1 {
			return fmt.Errorf("the upload %s has the tags %v", stack[0], tags)
		}
	}
	for _, id := range damaged {
		if !seen[id] {
			return fmt.Errorf("the damaged photo %s has no stack", id)
		}
	}
	if len(stacks) != len(damaged) || uploads != len(damaged) {
		return fmt.Errorf("there are %d stacks and %d uploads for %d damaged photos", len(stacks), uploads, len(damaged))
	}
	return nil
}
