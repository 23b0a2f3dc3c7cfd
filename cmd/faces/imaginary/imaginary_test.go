package imaginary_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/faces/imaginary"
	"github.com/burnish-photo/burnish/cmd/faces/intake"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/onnx/onnxtest"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

func TestMain(m *testing.M) {
	library, err := onnxtest.Library()
	if err != nil {
		fmt.Fprintln(os.Stderr, "skipped:", err)
		os.Exit(0)
	}
	os.Setenv(onnx.LibraryEnv, library)
	stop, err := plugin.Start(plugin.Runtime{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	code := m.Run()
	if n := vips.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d images were not closed\n", n)
		code = 1
	}
	if err := stop(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// server is a face with an engine behind it.
type server struct {
	*testing.T
	face    *imaginary.Face
	inline  *string // of the last job
	notes   *map[string]string
	scratch string
}

func serve(t *testing.T, c imaginary.Config) server {
	t.Helper()
	reg, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	config := plugin.DefaultConfig()
	config.StateDir, config.Limits.Megapixels = state, 18
	engine, err := plugin.Open(t.Context(), config, reg, plugin.WithLedger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	s := server{T: t, inline: new(string), notes: new(map[string]string), scratch: filepath.Join(state, "requests")}
	in, err := intake.Open(intake.Options{StateDir: state, Submit: func(ctx context.Context, j plugin.Job) (plugin.Result, error) {
		*s.inline = j.Inline
		r, err := engine.Process(ctx, j)
		*s.notes = r.Notes
		return r, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	in.Configure(intake.Config{Queue: 8, Bytes: 20 << 20})
	c.Enabled = true
	s.face = imaginary.New(imaginary.Options{
		Intake: in, Version: "test", Libvips: "8", Base: func(*http.Request) string { return "" },
		May: func(r *http.Request) bool { return imaginary.Key(r) == "secret" },
	})
	s.face.Configure(c)
	return s
}

// do sends a request with the key.
func (s server) do(method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(s.Context(), method, "/imaginary"+target, body)
	r.Header.Set("API-Key", "secret")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.face.ServeHTTP(w, r)
	return w
}

func (s server) post(target string, photo []byte, header ...string) *httptest.ResponseRecorder {
	return s.do(http.MethodPost, target, bytes.NewReader(photo), header...)
}

// image requires an image of that type and size.
func (s server) image(w *httptest.ResponseRecorder, what, kind string, width, height int) []byte {
	s.Helper()
	body := w.Body.Bytes()
	if w.Code != http.StatusOK {
		s.Errorf("%s: status %d: %s", what, w.Code, body)
		return nil
	}
	path := filepath.Join(s.TempDir(), "image")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		s.Fatal(err)
	}
	h, err := vips.ReadHeader(path)
	if err != nil || h.Format != kind || h.Width != width || h.Height != height {
		s.Errorf("%s: got %s of %d×%d, %v; want %s of %d×%d", what, h.Format, h.Width, h.Height, err, kind, width, height)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/" + kind, "Content-Length": strconv.Itoa(len(body)), "Image-Width": strconv.Itoa(width), "Image-Height": strconv.Itoa(height),
	} {
		if got := w.Header().Get(name); got != want {
			s.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
	return body
}

// refused requires an error as imaginary tells of it.
func (s server) refused(w *httptest.ResponseRecorder, what string, status int, message string) {
	s.Helper()
	var e struct {
		Message string
		Status  int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != status || e.Status != status || !strings.Contains(e.Message, message) || w.Header().Get("Content-Type") != "application/json" {
		s.Errorf("%s: got %d %s, want %d and %q", what, w.Code, w.Body.Bytes(), status, message)
	}
	if left, _ := filepath.Glob(filepath.Join(s.scratch, "*")); len(left) > 0 {
		s.Errorf("%s: %q are left", what, left)
	}
}

// picture makes an image that is not flat.
func picture(t testing.TB, saver string, w, h, bands int, args vips.Args) []byte {
	t.Helper()
	pixels := make([]byte, w*h*bands)
	for i := range pixels {
		x, y := i/bands%w, i/bands/w
		pixels[i] = byte(x*255/w/2 + y*255/h/2 + 20*(x/16%2) + 10*(i%bands))
	}
	p, err := vips.FromMemory(pixels, w, h, bands, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if o, ok := args["orientation"].(int); ok {
		turned, err := p.WithInt(vips.FieldOrientation, o)
		if err != nil {
			t.Fatal(err)
		}
		defer turned.Close()
		p, args = turned, nil
	}
	path := filepath.Join(t.TempDir(), "image")
	if err := p.Save(saver, path, args); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func pipeline(operations string) string { return "/pipeline?operations=" + url.QueryEscape(operations) }

// TestExpectations has what imaginary's own tests expect: of its large.jpg, which
// is 1920×1080, and its imaginary.jpg, which is 550×740.
func TestExpectations(t *testing.T) {
	s := serve(t, imaginary.Config{})
	large, tall := picture(t, "jpegsave", 1920, 1080, 3, nil), picture(t, "jpegsave", 550, 740, 3, nil)
	for target, test := range map[string]struct {
		photo  []byte
		kind   string
		width  int
		height int
	}{
		"/crop?width=300":                                        {large, "jpeg", 300, 1080},
		"/resize?width=300&nocrop=false":                         {large, "jpeg", 300, 1080},
		"/enlarge?width=300&height=200":                          {large, "jpeg", 300, 200},
		"/extract?top=100&left=100&areawidth=200&areaheight=120": {large, "jpeg", 200, 120},
		"/fit?width=300&height=300":                              {large, "jpeg", 300, 169},
		"/resize?width=300&height=300":                           {tall, "jpeg", 300, 300},
		"/resize?width=300":                                      {tall, "jpeg", 300, 404},
		"/resize?width=300&nocrop=true":                          {tall, "jpeg", 300, 404},
		"/fit?width=300&height=300&type=png":                     {tall, "png", 223, 300},
		"/autorotate":                                            {tall, "jpeg", 550, 740},
		"/smartcrop?width=300&height=260":                        {tall, "jpeg", 300, 260},
		"/rotate?rotate=90":                                      {tall, "jpeg", 740, 550},
		"/rotate?rotate=275":                                     {tall, "jpeg", 740, 550},
		"/flip":                                                  {tall, "jpeg", 550, 740},
		"/flop?type=tiff":                                        {tall, "tiff", 550, 740},
		"/thumbnail?width=100":                                   {tall, "jpeg", 100, 135},
		"/zoom?factor=2&areawidth=300&areaheight=200&top=80&left=80": {tall, "jpeg", 300, 200},
		"/zoom?factor=1":                {tall, "jpeg", 1100, 1480},
		"/convert?type=webp&quality=50": {tall, "webp", 550, 740},
		"/convert?type=PNG&palette=1&compression=9&interlace=true&speed=5": {tall, "png", 550, 740},
		"/convert?type=gif": {tall, "gif", 550, 740},
		"/watermark?text=Hello+%3Cb%3E+%26+co&font=sans+bold+12&color=255,200,50&opacity=0.5": {tall, "jpeg", 550, 740},
		"/watermark?text=Hello&noreplicate=true&textwidth=100&dpi=72&margin=10":               {tall, "jpeg", 550, 740},
		"/blur?sigma=15.0&minampl=0.2": {tall, "jpeg", 550, 740},
		"/resize?width=400&height=300&colorspace=bw&extend=background&background=250,20,10":                                     {tall, "jpeg", 400, 300},
		"/resize?width=160&aspectratio=16:9":                                                                                    {large, "jpeg", 160, 90},
		"/thumbnail?width=-99.6&height=&flip=":                                                                                  {large, "jpeg", 100, 56},
		pipeline(`[{"operation":"crop","params":{"width":300,"height":260}},{"operation":"convert","params":{"type":"webp"}}]`): {tall, "webp", 300, 260},
		pipeline(`[{"operation":"extract","ignore_failure":true,"params":{"areawidth":"9000","areaheight":9}},{"operation":"rotate","params":{"rotate":"180"}}]`): {tall, "jpeg", 550, 740},
		pipeline(`[{"operation":"rotate","ignore_failure":true},{"operation":"flip"}]`):                                                                           {tall, "jpeg", 550, 740},
		pipeline(`[{"operation":"convert","params":{"type":"png"}},{"operation":"fit","params":{"width":100,"height":100}}]`):                                     {large, "png", 100, 56},
	} {
		s.image(s.post(target, test.photo), target, test.kind, test.width, test.height)
	}
}

func TestTypeAuto(t *testing.T) {
	s := serve(t, imaginary.Config{})
	photo := picture(t, "jpegsave", 1920, 1080, 3, nil)
	for accept, kind := range map[string]string{
		"": "jpeg", "image/webp,*/*": "webp", "image/png,*/*": "png", "image/webp;q=0.8,image/jpeg": "webp",
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,image/apng,*/*;q=0.8": "webp",
	} {
		w := s.post("/crop?width=300&type=auto", photo, "Accept", accept)
		s.image(w, accept, kind, 300, 1080)
		if w.Header().Get("Vary") != "Accept" {
			t.Errorf("%s: Vary is %q", accept, w.Header().Get("Vary"))
		}
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, imaginary.Config{})
	photo := picture(t, "jpegsave", 300, 200, 3, nil)
	ten := strings.Repeat(`{"operation":"flip"},`, 10)
	for target, message := range map[string]string{
		"/crop":                              "Missing required param: height or width",
		"/fit?width=3":                       "Missing required param: height, width",
		"/enlarge?height=3":                  "Missing required param: height, width",
		"/extract?areawidth=3":               "areawidth or areaheight",
		"/rotate":                            "Missing required param: rotate",
		"/zoom":                              "Missing required param: factor",
		"/zoom?factor=2&top=1":               "areawidth, areaheight",
		"/convert":                           "Missing required param: type",
		"/convert?type=svg":                  "Unsupported output image format",
		"/flip?type=bmp":                     "Unsupported output image format",
		"/watermark":                         "Missing required param: text",
		"/watermarkimage":                    "Missing required param: image",
		"/watermarkimage?image=http://[::1]": "remote images are not enabled",
		"/blur":                              "sigma or minampl",
		"/crop?width=nan":                    `error while processing parameter "width"`,
		"/crop?width=1e99":                   `error while processing parameter "width"`,
		"/flip?flop=maybe":                   "unsupported value",
		"/flip?background=1":                 "unsupported value",
		"/extract?left=200&areawidth=200&areaheight=10":            "leaves the image",
		"/extract?areawidth=9999999&areaheight=9999999":            "more than",
		"/resize?width=3&aspectratio=0:0":                          "aspectratio",
		"/enlarge?width=100000&height=100000":                      "width",
		"/enlarge?width=16383&height=16383":                        "more than an operation may make",
		"/zoom?factor=1000000":                                     "zoom",
		"/blur?sigma=1e9":                                          "blur",
		"/blur?sigma=100&minampl=1e-300":                           "blur",
		"/watermark?text=a&font=sans+1000000":                      "font",
		"/watermark?text=a&font=sans+9999&dpi=1200":                "room",
		"/restore?model=../../etc/passwd":                          "model",
		"/restore?strength=2":                                      "strength",
		"/pipeline":                                                "Missing or invalid pipeline operations JSON",
		pipeline("[]"):                                             "Missing or invalid pipeline operations JSON",
		pipeline(`[{"operation":"flip","more":1}]`):                "unknown field",
		pipeline(`[{"operation":"system"}]`):                       "Unsupported operation name: system",
		pipeline(`[{"operation":"info"}]`):                         "Unsupported operation name: info",
		pipeline(`[` + ten + `{"operation":"flip"}]`):              "Maximum allowed pipeline operations exceeded",
		pipeline(`[{"operation":"crop","params":{"width":true}}]`): "unsupported value",
		pipeline(`{`):                                              "",
	} {
		s.refused(s.post(target, photo), target, http.StatusBadRequest, message)
	}
	for what, body := range map[string]string{"text": "hello", "bmp": "BM" + strings.Repeat("x", 60), "pdf": "%PDF-1.4\n", "svg": "<svg xmlns='http://www.w3.org/2000/svg'/>", "postscript": "%!PS-Adobe"} {
		s.refused(s.post("/flip", []byte(body)), what, http.StatusNotAcceptable, "Unsupported media type")
	}
	s.refused(s.post("/flip", nil), "no body", http.StatusBadRequest, "Empty or unreadable image")
	s.refused(s.post("/flip", photo[:len(photo)/2]), "half a photo", http.StatusBadRequest, "Error while processing the image")
	s.refused(s.post("/flip", picture(t, "pngsave", 6000, 4000, 1, nil)), "24 megapixels", http.StatusUnprocessableEntity, "Image resolution is too big")
	s.refused(s.post("/flip", make([]byte, 20<<20+1)), "too many bytes", http.StatusRequestEntityTooLarge, "limits.bytes")
	s.refused(s.do(http.MethodGet, "/resize?width=3&url=http://169.254.169.254/", nil), "GET", http.StatusMethodNotAllowed, "GET method not allowed")
	s.refused(s.do(http.MethodGet, "/resize?width=3&file=/etc/passwd", nil), "GET of a file", http.StatusMethodNotAllowed, "GET method not allowed")
	s.refused(s.do(http.MethodPut, "/resize?width=3", bytes.NewReader(photo)), "PUT", http.StatusMethodNotAllowed, "HTTP method not allowed")
	s.refused(s.post("/watermarkImage", photo), "a name of pipelines", http.StatusNotFound, "Not found")
	s.refused(s.do(http.MethodGet, "/nothing", nil), "unknown", http.StatusNotFound, "Not found")
	s.refused(s.post("/flip", photo, "API-Key", "wrong"), "a wrong key", http.StatusUnauthorized, "Invalid or missing API key")
	s.refused(s.post("/health?key=secre", nil, "API-Key", ""), "half a key", http.StatusUnauthorized, "Invalid or missing API key")
}

func TestForms(t *testing.T) {
	s := serve(t, imaginary.Config{})
	photo := picture(t, "jpegsave", 300, 200, 3, nil)
	for _, field := range []string{"file", "photo"} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("other", "x")
		part, _ := form.CreateFormFile(field, "../../a.jpg")
		_, _ = part.Write(photo)
		form.Close()
		s.image(s.post("/flip?field="+field, body.Bytes(), "Content-Type", form.FormDataContentType()), field, "jpeg", 300, 200)
	}
	var many bytes.Buffer
	form := multipart.NewWriter(&many)
	for range 16 {
		_ = form.WriteField("a", "b")
	}
	part, _ := form.CreateFormFile("file", "a.jpg")
	_, _ = part.Write(photo)
	_ = form.Close()
	s.refused(s.post("/flip", many.Bytes(), "Content-Type", form.FormDataContentType()), "a form of many parts", http.StatusBadRequest, "no such file")
	s.refused(s.post("/flip", []byte("--x--"), "Content-Type", "multipart/form-data; boundary=x"), "an empty form", http.StatusBadRequest, "no such file")
	s.refused(s.post("/flip", photo, "Content-Type", "multipart/form-data"), "no boundary", http.StatusBadRequest, "")
}

func TestPages(t *testing.T) {
	s := serve(t, imaginary.Config{})
	for target, want := range map[string]string{"/": `"imaginary":"`, "/health": `"uptime":`, "/form?key=a%22b": `action="/imaginary/flip?key=a%22b"`} {
		if w := s.do(http.MethodGet, target, nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %d %s", target, w.Code, w.Body)
		}
	}
	s.face.Configure(imaginary.Config{})
	s.refused(s.do(http.MethodGet, "/health", nil), "a face that is off", http.StatusNotFound, "Not found")
}

func TestInfo(t *testing.T) {
	s := serve(t, imaginary.Config{})
	w := s.post("/info", picture(t, "jpegsave", 550, 740, 3, vips.Args{"orientation": 6}))
	if got := w.Body.String(); w.Code != http.StatusOK || got != `{"width":550,"height":740,"type":"jpeg","space":"srgb","hasAlpha":false,"hasProfile":false,"channels":3,"orientation":6}` {
		t.Errorf("got %d %s", w.Code, got)
	}
	w = s.post("/info", picture(t, "pngsave", 5, 7, 2, nil))
	if got := w.Body.String(); !strings.Contains(got, `"type":"png","space":"b-w","hasAlpha":true`) {
		t.Errorf("got %d %s", w.Code, got)
	}
}

// TestOrientation has photos that are stored lying, with either side first.
func TestOrientation(t *testing.T) {
	s := serve(t, imaginary.Config{})
	lying := picture(t, "jpegsave", 800, 600, 3, vips.Args{"orientation": 6})
	for target, want := range map[string][2]int{
		"/fit?width=300&height=300":                                {225, 300},
		"/fit?width=300&height=300&norotation=true":                {225, 300}, // the tag that is kept turns it for who looks
		"/fit?width=300&height=300&norotation=true&stripmeta=true": {300, 225},
		"/autorotate":               {600, 800},
		"/rotate?rotate=180":        {800, 600},
		"/crop?width=100&height=50": {100, 50},
		pipeline(`[{"operation":"autorotate"},{"operation":"fit","params":{"width":300,"height":300,"norotation":"true","stripmeta":"true"}}]`): {225, 300},
	} {
		s.image(s.post(target, lying), target, "jpeg", want[0], want[1])
	}
}

func TestTransparencyBecomesBlack(t *testing.T) {
	s := serve(t, imaginary.Config{})
	photo := picture(t, "pngsave", 64, 48, 4, nil)
	s.image(s.post("/convert?type=jpeg", photo), "black", "jpeg", 64, 48)
	s.image(s.post("/convert?type=jpeg&background=255,255,255", photo), "white", "jpeg", 64, 48)
	s.image(s.post("/convert?type=webp", photo), "kept", "webp", 64, 48)
}

func TestRestoring(t *testing.T) {
	s := serve(t, imaginary.Config{Restore: imaginary.Restoring{Below: 60, Model: "lite", Megapixels: 2}})
	good, bad := picture(t, "jpegsave", 400, 300, 3, vips.Args{"Q": 90}), picture(t, "jpegsave", 400, 300, 3, vips.Args{"Q": 10})
	restored := func(what, target string, photo []byte, want bool) {
		t.Helper()
		s.image(s.post(target, photo), what, "jpeg", 200, 150)
		if model := (*s.notes)["model"]; (model != "") != want {
			t.Errorf("%s: the model is %q; notes %q", what, model, *s.notes)
		}
	}
	restored("a good one", "/fit?width=200&height=200", good, false)
	restored("a damaged one", "/fit?width=200&height=200", bad, true)
	restored("a damaged one that is much larger", "/fit?width=200&height=200", picture(t, "jpegsave", 1200, 900, 3, vips.Args{"Q": 10}), false)
	restored("a good one, by request", pipeline(`[{"operation":"fit","params":{"width":"200","height":"200"}},{"operation":"restore","params":{"model":"lite","strength":"0.5"}}]`), good, true)
	for operations, want := range map[string]string{
		`[{"operation":"fit","params":{"width":1024,"height":1024}}]`: `{"promptcir":{"model":"lite"},"when":"jpeg.quality \u003c 60 \u0026\u0026 width \u003c= 2560 \u0026\u0026 height \u003c= 2560"}`,
		`[{"operation":"fit","params":{"width":4096,"height":4096}}]`: `megapixels \u003c= 2 `,
		`[{"operation":"flip"}]`: `"when":"jpeg.quality \u003c 60 \u0026\u0026 megapixels \u003c= 2"`,
		`[{"operation":"flip"},{"operation":"watermark","params":{"text":"a"}}]`: `},{"promptcir":`,
	} {
		w := s.post(pipeline(operations), good)
		if w.Code != http.StatusOK || !strings.Contains(*s.inline, want) {
			t.Errorf("%s: %d, the pipeline is %s", operations, w.Code, *s.inline)
		}
	}
	if w := s.post("/fit?width=200&height=200", picture(t, "pngsave", 400, 300, 3, nil)); w.Code != http.StatusOK || strings.Contains(*s.inline, "promptcir") {
		t.Errorf("a PNG: %d, %s", w.Code, *s.inline)
	}
}

func FuzzRequests(f *testing.F) {
	for _, q := range []string{"width=1&height=2", "operations=" + url.QueryEscape(`[{"operation":"fit","params":{"width":"3","height":4.5}}]`), "background=1,2,3&sigma=1e9", "aspectratio=16:9&width=3"} {
		f.Add("pipeline", q)
		f.Add("resize", q)
	}
	f.Fuzz(func(t *testing.T, name, query string) {
		if text, err := imaginary.Compose(name, query, "jpeg"); err == nil && !json.Valid([]byte(text)) {
			t.Errorf("%s?%s: %s", name, query, text)
		}
	})
}

func FuzzKind(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff"))
	f.Add([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"))
	f.Add([]byte("<?xml version='1.0'?><!-- a --><!DOCTYPE svg [<!ENTITY a 'b'>]><svg>"))
	f.Fuzz(func(t *testing.T, head []byte) { _ = fmt.Sprint(imaginary.KindOf(head)) })
}
