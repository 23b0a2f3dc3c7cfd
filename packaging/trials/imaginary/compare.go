package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/png" // of answers
	"io"
	"net/http"
	"net/url"
	"strings"
)

// asked are the requests whose answers are compared.
var asked = []string{
	"crop?width=300", "crop?width=300&height=260&gravity=north", "crop?width=300&height=260&gravity=east", "smartcrop?width=300&height=260",
	"resize?width=300", "resize?width=300&height=300", "resize?width=300&height=300&extend=white", "resize?width=300&nocrop=false", "resize?width=300&height=200&force=true",
	"fit?width=300&height=300", "fit?width=3000&height=3000", "enlarge?width=1440&height=1000", "enlarge?width=100&height=900",
	"extract?top=100&left=100&areawidth=200&areaheight=120", "extract?top=10&left=10&areawidth=100&areaheight=80&width=400",
	"rotate?rotate=90", "rotate?rotate=180&width=300", "rotate?rotate=360", "autorotate", "flip", "flop", "flip?flop=true",
	"thumbnail?width=100", "thumbnail?width=1500", "zoom?factor=1", "zoom?factor=2&top=80&left=80&areawidth=300&areaheight=200",
	"convert?type=png", "blur?sigma=5", "resize?width=400&height=300&colorspace=bw", "watermark?text=Hello&font=sans%20bold%2012&opacity=0.5&color=255,200,50",
	"watermark?text=Hello&noreplicate=true&textwidth=100", "info", "crop", "extract?areawidth=5000&areaheight=5", "convert?type=xxx", "crop?width=abc", "none", "pipeline",
	"pipeline?operations=" + url.QueryEscape(`[{"operation":"crop","params":{"width":300,"height":260}},{"operation":"rotate","params":{"rotate":"90"}},{"operation":"convert","params":{"type":"png"}}]`),
	nextcloud(1024), "pipeline?operations=" + url.QueryEscape(`[{"operation":"nothing"}]`),
}

// nextcloud is the request for a preview of a JPEG.
func nextcloud(side int) string {
	return "pipeline?operations=" + url.QueryEscape(fmt.Sprintf(`[{"operation":"autorotate"},{"operation":"fit","params":{"width":%d,"height":%[1]d,"stripmeta":"true","type":"jpeg","norotation":"true","quality":"80"}}]`, side))
}

// answer is one server's.
type answer struct {
	status int
	media  string
	size   string
	body   []byte
}

func (s *server) ask(request string, photo []byte) (a answer, err error) {
	r, err := http.NewRequest(http.MethodPost, s.url+"/"+request, bytes.NewReader(photo))
	if err != nil {
		return a, err
	}
	r.Header.Set("API-Key", s.key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, media: resp.Header.Get("Content-Type"), size: resp.Header.Get("Image-Width") + "×" + resp.Header.Get("Image-Height")}
	a.body, err = io.ReadAll(resp.Body)
	return a, err
}

// compare tells where answers differ: in status, type or size, or in pixels by more
// than encoders and kernels do.
func compare(ours, theirs *server, photo []byte) error {
	alike := 0
	for _, request := range asked {
		a, err := ours.ask(request, photo)
		if err != nil {
			return err
		}
		b, err := theirs.ask(request, photo)
		if err != nil {
			return err
		}
		name, _ := url.QueryUnescape(request)
		difference := 0.0
		if a.status == http.StatusOK && b.status == http.StatusOK && a.size == b.size && strings.HasPrefix(a.media, "image/") {
			if difference, err = apart(a.body, b.body); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if a.status != b.status || a.media != b.media || a.size != b.size || difference > 3 {
			fmt.Printf("%s: %d %s %s, imaginary %d %s %s, apart by %.1f of 255\n", name, a.status, a.media, a.size, b.status, b.media, b.size, difference)
			continue
		}
		alike++
	}
	fmt.Printf("%d of %d answers are alike\n", alike, len(asked))
	return nil
}

// apart is the mean difference of the green of two images of one size.
func apart(a, b []byte) (float64, error) {
	p, _, err := image.Decode(bytes.NewReader(a))
	if err != nil {
		return 0, err
	}
	q, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	sum, box := 0.0, p.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			_, g, _, _ := p.At(x, y).RGBA()
			_, h, _, _ := q.At(x, y).RGBA()
			sum += max(float64(g)-float64(h), float64(h)-float64(g)) / 257
		}
	}
	return sum / float64(box.Dx()*box.Dy()), nil
}
