package imaginary

import (
	"html/template"
	"math"
	"net/http"
	"net/url"
	"runtime"
	"time"
)

// What the face stands for.
const (
	emulated     = "1.2.4" // version of imaginary
	emulatedBimg = "1.1.7"
)

func (f *Face) index(w http.ResponseWriter, _ *http.Request) {
	_ = reply(w, map[string]string{"imaginary": emulated, "bimg": emulatedBimg, "libvips": f.o.Libvips, "burnish": f.o.Version})
}

// health are figures of this process.
func (f *Face) health(w http.ResponseWriter, _ *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	megabytes := func(n uint64) float64 { return math.Round(float64(n)/(1<<20)*100) / 100 }
	_ = reply(w, struct {
		Uptime       int64   `json:"uptime"`
		Allocated    float64 `json:"allocatedMemory"`
		AllAllocated float64 `json:"totalAllocatedMemory"`
		Goroutines   int     `json:"goroutines"`
		Cycles       uint32  `json:"completedGCCycles"`
		CPUs         int     `json:"cpus"`
		HeapSystem   float64 `json:"maxHeapUsage"`
		HeapInUse    float64 `json:"heapInUse"`
		Objects      uint64  `json:"objectsInUse"`
		System       float64 `json:"OSMemoryObtained"`
	}{
		int64(time.Since(f.began).Seconds()), megabytes(m.Alloc), megabytes(m.TotalAlloc), runtime.NumGoroutine(), m.NumGC, runtime.NumCPU(),
		megabytes(m.HeapSys), megabytes(m.HeapAlloc), m.Mallocs - m.Frees, megabytes(m.Sys),
	})
}

// samples are the requests that the form offers.
var samples = []struct{ Name, Operation, Query string }{
	{"Resize", "resize", "width=300&height=200&type=jpeg"},
	{"Force resize", "resize", "width=300&height=200&force=true"},
	{"Fit", "fit", "width=300&height=300"},
	{"Crop", "crop", "width=300&quality=95"},
	{"Smart crop", "smartcrop", "width=300&height=260&quality=95"},
	{"Extract", "extract", "top=100&left=100&areawidth=300&areaheight=150"},
	{"Enlarge", "enlarge", "width=1440&height=900&quality=95"},
	{"Rotate", "rotate", "rotate=180"},
	{"Turn upright", "autorotate", ""},
	{"Flip", "flip", ""},
	{"Flop", "flop", ""},
	{"Thumbnail", "thumbnail", "width=100"},
	{"Zoom", "zoom", "factor=2&areawidth=300&top=80&left=80"},
	{"Black and white", "resize", "width=400&height=300&colorspace=bw"},
	{"Watermark", "watermark", "textwidth=100&text=Hello&font=sans%2012&opacity=0.5&color=255,200,50"},
	{"Convert", "convert", "type=png"},
	{"Blur", "blur", "sigma=15.0&minampl=0.2"},
	{"Restore", "restore", "model=lite"},
	{"About the image", "info", ""},
	{"Crop, then convert", "pipeline", "operations=" + url.QueryEscape(`[{"operation":"crop","params":{"width":300,"height":260}},{"operation":"convert","params":{"type":"webp"}}]`)},
}

var formPage = template.Must(template.New("form").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>imaginary</title></head><body>
{{range .}}<h2>{{.Name}}</h2>
<form method="post" action="{{.Action}}" enctype="multipart/form-data"><input type="file" name="file"> <input type="submit" value="Upload"></form>
{{end}}</body></html>
`))

// form is a page to try operations on, with the key that it was asked with.
func (f *Face) form(w http.ResponseWriter, r *http.Request) {
	type row struct{ Name, Action string }
	var rows []row
	for _, s := range samples {
		q, _ := url.ParseQuery(s.Query) // the samples are well-formed
		if key := r.URL.Query().Get("key"); key != "" {
			q.Set("key", key)
		}
		rows = append(rows, row{s.Name, f.o.Base(r) + Prefix + s.Operation + "?" + q.Encode()})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = formPage.Execute(w, rows) // the client may be gone
}
