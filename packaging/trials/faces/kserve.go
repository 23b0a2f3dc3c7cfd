package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// headerLength says how much of a body is JSON; tensors follow.
const headerLength = "Inference-Header-Content-Length"

// kserve asks for inference as clients of KServe do: in JSON, by the binary
// extension, in batches, many at a time, and as no client should.
func kserve(t *trial) error {
	for path, want := range map[string]int{"/v2/health/live": 200, "/v2/health/ready": 200, "/v2": 200, "/v2/models/web": 200, "/v2/models/web/ready": 200, "/v2/models/other": 404} {
		if status, text, _, err := t.infer(http.MethodGet, path, nil, 0); err != nil || status != want {
			return fmt.Errorf("%s: status %d, want %d: %w\n%s", path, status, want, err, text)
		}
	}
	if err := t.inferInJSON(); err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, atATime)
	again := make([]int, atATime)
	began := time.Now()
	for i := range errs {
		all.Go(func() {
			for n := range 4 {
				tries, err := t.batch(1 + (i+n)%3)
				again[i] += tries
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	told := 0
	for _, n := range again {
		told += n
	}
	if err := t.inferWrongly(); err != nil {
		return err
	}
	fmt.Printf("          %d batches of 1 to 3 photos, %d at a time, in %s: none lost; told to come again %d times; wrong tensors: refused\n", 4*atATime, atATime, time.Since(began).Round(100*time.Millisecond), told)
	return nil
}

// infer sends a request. header is how much of the body is JSON, 0 for all.
func (t *trial) infer(method, path string, body []byte, header int) (status int, answer []byte, h http.Header, err error) {
	r, err := http.NewRequest(method, "http://"+t.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	if header > 0 {
		r.Header.Set(headerLength, strconv.Itoa(header))
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(a.Body)
	return a.StatusCode, answer, a.Header, err
}

// inferInJSON sends a photo in base64.
func (t *trial) inferInJSON() error {
	text := `{"id":"1","inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["` + base64.StdEncoding.EncodeToString(t.photos[0]) + `"]}]}`
	status, body, _, err := t.infer(http.MethodPost, "/v2/models/web/infer", []byte(text), 0)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("in JSON: status %d: %w\n%.300s", status, err, body)
	}
	var a struct {
		Outputs []struct {
			Name string
			Data []string
		}
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	if len(a.Outputs) == 0 || len(a.Outputs[0].Data) != 1 {
		return fmt.Errorf("in JSON: the answer has no photo: %.300s", body)
	}
	photo, err := base64.StdEncoding.DecodeString(a.Outputs[0].Data[0])
	if err != nil || !bytes.HasPrefix(photo, []byte("\xff\xd8\xff")) {
		return fmt.Errorf("in JSON: the answer is no JPEG: %w", err)
	}
	return nil
}

// binaryRequest is a request with n photos behind the JSON.
func (t *trial) binaryRequest(n int) (body []byte, header int) {
	var tensor []byte
	for i := range n {
		photo := t.photos[i%len(t.photos)]
		tensor = append(binary.LittleEndian.AppendUint32(tensor, uint32(len(photo))), photo...)
	}
	text := fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[%d],"parameters":{"binary_data_size":%d}}],"outputs":[{"name":"small","parameters":{"binary_data":true}}]}`, n, len(tensor))
	return append([]byte(text), tensor...), len(text)
}

// batch sends n photos until they are answered, and takes the answer apart.
func (t *trial) batch(n int) (again int, err error) {
	body, header := t.binaryRequest(n)
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); again++ {
		status, answer, h, err := t.infer(http.MethodPost, "/v2/models/web/infer", body, header)
		switch {
		case err != nil:
			return again, err
		case status == http.StatusTooManyRequests && h.Get("Retry-After") != "":
			time.Sleep(250 * time.Millisecond)
			continue
		case status != http.StatusOK:
			return again, fmt.Errorf("a batch of %d: status %d: %.300s", n, status, answer)
		}
		at, err := strconv.Atoi(h.Get(headerLength))
		if err != nil || at > len(answer) {
			return again, fmt.Errorf("%s is %q", headerLength, h.Get(headerLength))
		}
		rest := answer[at:]
		for range n {
			if len(rest) < 4 || uint64(binary.LittleEndian.Uint32(rest)) > uint64(len(rest)-4) {
				return again, errors.New("the answer ends within a tensor")
			}
			size := int(binary.LittleEndian.Uint32(rest))
			if photo := rest[4 : 4+size]; size < 12 || string(photo[8:12]) != "WEBP" {
				return again, errors.New("an element of the answer is no WebP")
			}
			rest = rest[4+size:]
		}
		if len(rest) > 0 {
			return again, fmt.Errorf("%d bytes follow the last element", len(rest))
		}
		return again, nil
	}
	return again, errors.New("a batch was not answered in ten minutes")
}

// inferWrongly sends what does not hold what it says.
func (t *trial) inferWrongly() error {
	body, header := t.binaryRequest(1)
	input := func(tensor string) []byte { return []byte(`{"inputs":[` + tensor + `]}`) }
	for name, c := range map[string]struct {
		body   []byte
		header int
		want   int
	}{
		"half a tensor":            {body[:len(body)/2], header, 400},
		"a header beyond the body": {body, len(body) + 1000, 400},
		"a header of no JSON":      {body, 3, 400},
		"no inputs":                {[]byte(`{}`), 0, 400},
		"numbers":                  {input(`{"name":"image","datatype":"FP32","shape":[1],"data":[1.5]}`), 0, 400},
		"a shape of no photo":      {input(`{"name":"image","datatype":"BYTES","shape":[0],"data":[]}`), 0, 400},
		"a shape without end":      {input(`{"name":"image","datatype":"BYTES","shape":[9223372036854775807],"data":["eA=="]}`), 0, 400},
		"nested without end":       {[]byte(strings.Repeat(`{"a":[`, 100_000)), 0, 400},
		"no photo":                 {input(`{"name":"image","datatype":"BYTES","shape":[1],"data":["eA=="]}`), 0, 422},
	} {
		status, answer, _, err := t.infer(http.MethodPost, "/v2/models/web/infer", c.body, c.header)
		if err != nil || status != c.want || !bytes.Contains(answer, []byte(`"error"`)) {
			return fmt.Errorf("%s: status %d, want %d: %w\n%.300s", name, status, c.want, err, answer)
		}
	}
	return nil
}
