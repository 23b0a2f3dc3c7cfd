package kserve_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/cmd/faces/kserve"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/plugin"
)

// mux is a site that lets everybody in.
type mux struct{ http.ServeMux }

func (m *mux) Handle(pattern string, _ serve.Scope, h http.Handler) { m.ServeMux.Handle(pattern, h) }

// submit makes "NAME of PHOTO" of a photo, for outputs 0 and 1.
func submit(_ context.Context, j plugin.Job) (plugin.Result, error) {
	photo, err := os.ReadFile(j.Path)
	if err != nil {
		return plugin.Result{}, err
	}
	if strings.HasPrefix(string(photo), "bad") {
		return plugin.Result{}, &plugin.Error{Path: j.Path, Kind: plugin.Damaged, Err: fmt.Errorf("cannot be decoded")}
	}
	r := plugin.Result{State: plugin.Done, Notes: map[string]string{"model": "lite"}}
	for _, i := range j.Only {
		path := filepath.Join(j.Output, strconv.Itoa(i))
		data := fmt.Appendf(nil, "%d of %s", i, photo)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return r, err
		}
		r.Outputs = append(r.Outputs, plugin.Output{Path: path, Index: i, Size: int64(len(data))})
	}
	return r, nil
}

func open(t *testing.T) (site *mux, face *kserve.Face, state string, ready *bool) {
	t.Helper()
	state, ready = t.TempDir(), new(bool)
	in, err := intake.Open(intake.Options{StateDir: state, Submit: submit})
	if err != nil {
		t.Fatal(err)
	}
	in.Configure(intake.Config{Queue: 8, Bytes: 1000})
	site, face = &mux{}, kserve.New(in, "1.2.3", func() bool { return *ready })
	face.Mount(site)
	face.Configure([]kserve.Pipeline{{Name: "web", Outputs: []string{"", "small"}}})
	return site, face, state, ready
}

func ask(site *mux, method, path string, body []byte, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

// element is a photo as an element of a binary tensor.
func element(photo string) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(photo))), photo...)
}

const length = "Inference-Header-Content-Length"

// binaryRequest is a request with photos in the binary extension.
func binaryRequest(outputs string, photos ...string) (body []byte, header []string) {
	var tensor []byte
	for _, p := range photos {
		tensor = append(tensor, element(p)...)
	}
	text := fmt.Sprintf(`{"id":"7","inputs":[{"name":"image","datatype":"BYTES","shape":[%d],"parameters":{"binary_data_size":%d}}]%s}`, len(photos), len(tensor), outputs)
	return append([]byte(text), tensor...), []string{length, strconv.Itoa(len(text))}
}

func TestInferenceInBinary(t *testing.T) {
	site, _, state, _ := open(t)
	body, header := binaryRequest(`,"outputs":[{"name":"small","parameters":{"binary_data":true}},{"name":"image","parameters":{"binary_data":true}}]`, "one", "two")
	w := ask(site, "POST", "/v2/models/web/versions/1/infer", body, header...)
	n, err := strconv.Atoi(w.Header().Get(length))
	if w.Code != http.StatusOK || err != nil || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
		t.Fatalf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
	answer, tensors := w.Body.Bytes()[:n], w.Body.Bytes()[n:]
	small, image := append(element("1 of one"), element("1 of two")...), append(element("0 of one"), element("0 of two")...)
	want := fmt.Sprintf(`{"model_name":"web","model_version":"1","id":"7","outputs":[{"name":"small","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":%d}},{"name":"image","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":%d}}]}`, len(small), len(image))
	if string(answer) != want {
		t.Errorf("got\n%s, want\n%s", answer, want)
	}
	if !bytes.Equal(tensors, append(small, image...)) {
		t.Errorf("the tensors are %q", tensors)
	}
	if left, _ := os.ReadDir(filepath.Join(state, "requests")); len(left) != 0 {
		t.Errorf("%d photos are left in the scratch folder", len(left))
	}
}

func TestInferenceInJSON(t *testing.T) {
	site, _, _, _ := open(t)
	photo := base64.StdEncoding.EncodeToString([]byte("one"))
	w := ask(site, "POST", "/v2/models/web/infer", []byte(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1,1],"data":["`+photo+`"]}]}`))
	var got struct {
		Parameters map[string]string
		Outputs    []struct {
			Name, Datatype string
			Shape          []int
			Data           []string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || len(got.Outputs) != 1 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	data, _ := base64.StdEncoding.DecodeString(got.Outputs[0].Data[0])
	if string(data) != "0 of one" || got.Outputs[0].Name != "image" || fmt.Sprint(got.Outputs[0].Shape) != "[1 1]" || got.Parameters["model"] != "lite" {
		t.Errorf("got %s: %q", w.Body, data)
	}
	body, header := binaryRequest(`,"parameters":{"binary_data_output":true}`, "one")
	if w := ask(site, "POST", "/v2/models/web/infer", body, header...); w.Header().Get(length) == "" || !bytes.HasSuffix(w.Body.Bytes(), element("0 of one")) {
		t.Errorf("binary_data_output: %d %s", w.Code, w.Body)
	}
}

func TestInferenceRefuses(t *testing.T) {
	site, _, state, _ := open(t)
	in := func(input string) []byte { return []byte(`{"inputs":[` + input + `]}`) }
	good, header := binaryRequest("", "one")
	for name, c := range map[string]struct {
		path   string
		body   []byte
		header []string
		status int
		words  string
	}{
		"no model":            {"/v2/models/other/infer", good, header, 404, "there is no model"},
		"no version":          {"/v2/models/web/versions/2/infer", good, header, 404, "version"},
		"no JSON":             {"/v2/models/web/infer", []byte("x"), nil, 400, "JSON"},
		"nothing":             {"/v2/models/web/infer", nil, nil, 400, "JSON"},
		"no inputs":           {"/v2/models/web/infer", []byte("{}"), nil, 400, "inputs"},
		"another tensor":      {"/v2/models/web/infer", in(`{"name":"x","datatype":"BYTES","shape":[1],"data":["YQ=="]}`), nil, 400, "name image"},
		"another type":        {"/v2/models/web/infer", in(`{"name":"image","datatype":"FP32","shape":[1],"data":["YQ=="]}`), nil, 400, "FP32"},
		"a shape of none":     {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[0],"data":[]}`), nil, 400, "shape"},
		"a negative shape":    {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[-1,-1],"data":["YQ=="]}`), nil, 400, "shape"},
		"an endless shape":    {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[4611686018427387904,4],"data":[]}`), nil, 400, "shape"},
		"no shape":            {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","data":["YQ=="]}`), nil, 400, "shape"},
		"too little data":     {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[2],"data":["YQ=="]}`), nil, 400, "2 elements"},
		"no base64":           {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[1],"data":["?"]}`), nil, 400, "base64"},
		"an unknown output":   {"/v2/models/web/infer", []byte(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="]}],"outputs":[{"name":"x"}]}`), nil, 400, "no output"},
		"an output twice":     {"/v2/models/web/infer", []byte(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="]}],"outputs":[{"name":"image"},{"name":"image"}]}`), nil, 400, "twice"},
		"a header of nothing": {"/v2/models/web/infer", good, []string{length, "0"}, 400, length},
		"a header too long":   {"/v2/models/web/infer", good, []string{length, "99999"}, 400, length},
		"no header's number":  {"/v2/models/web/infer", good, []string{length, "x"}, 400, length},
		"cut off":             {"/v2/models/web/infer", good[:len(good)-1], header, 400, "ended early"},
		"cut off in a length": {"/v2/models/web/infer", good[:len(good)-5], header, 400, "after its length"},
		"a lying element":     {"/v2/models/web/infer", append(good[:len(good)-7:len(good)-7], append([]byte{255, 255, 255, 255}, "one"...)...), header, 400, "does not fit"},
		"too large":           {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[1],"data":["` + base64.StdEncoding.EncodeToString(make([]byte, 1001)) + `"]}`), nil, 413, "limits.bytes"},
		"an empty photo":      {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[1],"data":[""]}`), nil, 400, "empty"},
		"a damaged photo":     {"/v2/models/web/infer", in(`{"name":"image","datatype":"BYTES","shape":[1],"data":["` + base64.StdEncoding.EncodeToString([]byte("bad")) + `"]}`), nil, 422, "cannot be decoded"},
	} {
		w := ask(site, "POST", c.path, c.body, c.header...)
		var got struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != c.status || !strings.Contains(got.Error, c.words) {
			t.Errorf("%s: got %d %s, want %d %q", name, w.Code, w.Body, c.status, c.words)
		}
	}
	body, header := binaryRequest("", "one")
	body = append(body, "more"...) // behind the tensor: not of the request
	if w := ask(site, "POST", "/v2/models/web/infer", body, header...); w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if left, _ := os.ReadDir(filepath.Join(state, "requests")); len(left) != 0 {
		t.Errorf("%d photos are left in the scratch folder", len(left))
	}
}

func TestWhatIsThere(t *testing.T) {
	site, face, _, ready := open(t)
	for _, c := range []struct {
		path   string
		status int
		body   string
	}{
		{"/v2", 200, `{"extensions":["binary_tensor_data"],"name":"burnish","version":"1.2.3"}`},
		{"/v2/health/live", 200, `{"live":true}`},
		{"/v2/health/ready", 503, `{"ready":false}`},
		{"/v2/models/web", 200, `{"inputs":[{"name":"image","datatype":"BYTES","shape":[-1]}],"name":"web","outputs":[{"name":"image","datatype":"BYTES","shape":[-1]},{"name":"small","datatype":"BYTES","shape":[-1]}],"platform":"burnish","versions":["1"]}`},
		{"/v2/models/web/ready", 503, `{"name":"web","ready":false}`},
		{"/v2/models/x/ready", 404, `{"error":"there is no model \"x\": name the pipeline in faces.kserve.pipelines"}`},
	} {
		if w := ask(site, "GET", c.path, nil); w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s: got %d %s", c.path, w.Code, w.Body)
		}
	}
	*ready = true
	for _, path := range []string{"/v2/health/ready", "/v2/models/web/ready", "/v2/models/web/versions/1/ready"} {
		if w := ask(site, "GET", path, nil); w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	face.Configure(nil)
	if w := ask(site, "GET", "/v2/health/live", nil); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "faces.kserve.pipelines") {
		t.Errorf("off: got %d %s", w.Code, w.Body)
	}
}

func FuzzInfer(f *testing.F) {
	body, _ := binaryRequest(`,"outputs":[{"name":"small","parameters":{"binary_data":true}}]`, "one", "two")
	f.Add(body, "166")
	f.Add([]byte(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["YQ=="]}]}`), "")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		site, _, state, _ := open(t)
		w := ask(site, "POST", "/v2/models/web/infer", body, length, header)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if left, _ := os.ReadDir(filepath.Join(state, "requests")); len(left) != 0 {
			t.Errorf("%d photos are left", len(left))
		}
	})
}
