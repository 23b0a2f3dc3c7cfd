package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// nextcloud is the request for a preview that Nextcloud sends.
func nextcloud(operation, kind string) string {
	return "pipeline?" + url.Values{"operations": {`[{"operation":"autorotate"},{"operation":"` + operation +
		`","params":{"width":256,"height":128,"stripmeta":"true","type":"` + kind + `","norotation":"true","quality":"80"}}]`}}.Encode()
}

// previews asks for what Nextcloud does, and for what nobody should get.
func previews(t *trial) error {
	var slowest time.Duration
	for _, photo := range t.photos {
		for _, request := range []string{nextcloud("fit", "jpeg"), nextcloud("smartcrop", "jpeg"), nextcloud("fit", "webp"), "info", "restore?type=png"} {
			began := time.Now()
			if err := t.preview(request, photo, http.StatusOK); err != nil {
				return err
			}
			slowest = max(slowest, time.Since(began))
		}
	}
	photo := t.photos[0]
	for _, c := range []struct {
		request string
		body    []byte
		want    int
	}{
		{"fit?width=9&height=9", bomb(60_000, 60_000), http.StatusUnprocessableEntity},
		{"fit?width=9&height=9", photo[:len(photo)/2], http.StatusBadRequest},
		{"fit?width=9&height=9", nil, http.StatusBadRequest},
		{"fit?width=9&height=9", make([]byte, 21_000_000), http.StatusRequestEntityTooLarge},
		{"fit?width=9&height=9", []byte("%PDF-1.7\n"), http.StatusNotAcceptable},
		{"fit?width=9&height=9", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>`), http.StatusNotAcceptable},
		{"enlarge?width=100000&height=100000", photo, http.StatusBadRequest},
		{"enlarge?width=16000&height=16000", photo, http.StatusBadRequest},
		{"zoom?factor=128", photo, http.StatusBadRequest},
		{"blur?sigma=1e9", photo, http.StatusBadRequest},
		{"watermark?text=a&font=sans+0x1p20", photo, http.StatusBadRequest},
		{"watermark?text=" + strings.Repeat("a", 5000) + "&font=sans+500", photo, http.StatusBadRequest},
		{"watermarkimage?image=http://169.254.169.254/", photo, http.StatusBadRequest},
		{"restore?model=/etc/passwd", photo, http.StatusBadRequest},
		{"pipeline?operations=" + url.QueryEscape("["+strings.Repeat(`{"operation":"flip"},`, 10)+`{"operation":"flip"}]`), photo, http.StatusBadRequest},
		{"watermark?" + url.Values{"text": {"<span size='1000000'>&"}}.Encode(), photo, http.StatusOK},
	} {
		if err := t.preview(c.request, c.body, c.want); err != nil {
			return err
		}
	}
	fmt.Printf("          %d previews as Nextcloud asks for them, the slowest in %s; bombs of pixels, operations and text: refused\n", 3*len(t.photos), slowest.Round(time.Millisecond))
	return nil
}

// preview sends a request below /imaginary/.
func (t *trial) preview(request string, body []byte, want int) error {
	r, err := http.NewRequest(http.MethodPost, "http://"+t.address+"/imaginary/"+request, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("API-Key", t.token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != want {
		return fmt.Errorf("%.80s: status %d, want %d: %w\n%.300s", request, a.StatusCode, want, err, text)
	}
	return nil
}
