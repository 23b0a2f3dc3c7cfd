package imaginary_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/faces/imaginary"
)

// preview is the request that Nextcloud's lib/private/Preview/Imaginary.php sends
// for a file of that type, as PHP writes its JSON, and the type that it expects.
func preview(media string, crop, webp bool) (target, kind string) {
	first, kind := `{"operation":"autorotate"},`, "jpeg"
	switch media {
	case "image/heic":
		first = ""
	case "image/gif", "image/png":
		kind = "png"
	case "image/svg+xml", "application/pdf", "application/illustrator":
		first, kind = `{"operation":"convert","params":{"type":"png"}},`, "png"
	}
	if webp {
		first, kind = strings.ReplaceAll(first, "png", "webp"), "webp"
	}
	operation := "fit"
	if crop {
		operation = "smartcrop"
	}
	operations := `[` + first + `{"operation":"` + operation + `","params":{"width":256,"height":128,"stripmeta":"true","type":"` + kind + `","norotation":"true","quality":"80"}}]`
	return "/pipeline?" + url.Values{"operations": {operations}, "key": {"secret"}}.Encode(), kind
}

// bitmap is a BMP of 24 bits.
func bitmap(w, h int) []byte {
	size := w * 3 * h // w is a multiple of 4
	head := []any{
		[2]byte{'B', 'M'}, uint32(54 + size), uint32(0), uint32(54), uint32(40), int32(w), int32(h), uint16(1), uint16(24),
		uint32(0), uint32(size), uint32(2835), uint32(2835), uint32(0), uint32(0),
	}
	var b bytes.Buffer
	for _, v := range head {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	for i := range size {
		b.WriteByte(byte(i / 7))
	}
	return b.Bytes()
}

// page is a PDF with a page of 300×150 points.
const page = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 150]/Contents 4 0 R>>endobj\n" +
	"4 0 obj<</Length 27>>stream\n1 0 0 rg 10 10 100 100 re f\nendstream endobj\ntrailer<</Root 1 0 R>>\n"

// drawing names files of the server, which must not be read for it.
const drawing = `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="300" height="150">
<rect width="300" height="150" fill="#c04020"/><image xlink:href="file:///etc/passwd" width="9" height="9"/>
<image xlink:href="http://127.0.0.1:1/x.png" width="9" height="9"/></svg>`

// entity is a drawing that wants to show a file of the server.
const entity = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150"><text>&x;</text></svg>`

// heic is a HEIC that is stored lying and says so, 600×300 as it is seen; nil where
// none can be made here.
func heic(t *testing.T) []byte {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.png"), filepath.Join(folder, "out.heic")
	if err := os.WriteFile(in, picture(t, "pngsave", 300, 600, 3, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.CommandContext(t.Context(), "heif-enc", "-q", "80", "-o", out, in).CombinedOutput(); err != nil {
		t.Logf("no HEIC can be made here: %v %s", err, text)
		return nil
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("pixi")) // how deep its pixels are, which nobody misses
	if at < 0 {
		t.Fatal("the HEIC has no property to put the rotation in the place of")
	}
	copy(data[at:], "irot\x03") // three times 90 degrees, anticlockwise
	return data
}

// TestNextcloud sends all that Nextcloud sends, for every type of file.
func TestNextcloud(t *testing.T) {
	closed, open := serve(t, imaginary.Config{}), serve(t, imaginary.Config{AllowFormats: []string{"svg", "pdf", "bmp"}})
	upright := picture(t, "jpegsave", 600, 300, 3, nil)
	for name, test := range map[string]struct {
		media  string
		body   []byte
		unsafe bool // its decoder is: 406 by default, so that Nextcloud shows an icon
		never  bool
	}{
		"jpeg":        {media: "image/jpeg", body: upright},
		"png":         {media: "image/png", body: picture(t, "pngsave", 600, 300, 4, nil)},
		"gif":         {media: "image/gif", body: picture(t, "gifsave", 600, 300, 3, nil)},
		"webp":        {media: "image/webp", body: picture(t, "webpsave", 600, 300, 3, nil)},
		"tiff":        {media: "image/tiff", body: picture(t, "tiffsave", 600, 300, 3, nil)},
		"heic":        {media: "image/heic", body: heic(t)},
		"heif":        {media: "image/heif", body: heic(t)},
		"bmp":         {media: "image/bmp", body: bitmap(600, 300), unsafe: true},
		"svg":         {media: "image/svg+xml", body: []byte(drawing), unsafe: true},
		"pdf":         {media: "application/pdf", body: []byte(page), unsafe: true},
		"illustrator": {media: "application/illustrator", body: []byte(page), unsafe: true},
		"old artwork": {media: "application/illustrator", body: []byte("%!PS-Adobe-3.0\n"), never: true},
		"x-bitmap":    {media: "image/x-bitmap", body: []byte("#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {0xff};\n"), never: true},
		"encrypted":   {media: "image/jpeg", body: []byte("HBEGIN:oc_encryption_module:HEND----"), never: true},
	} {
		if test.body == nil {
			continue
		}
		for _, crop := range []bool{false, true} {
			for _, webp := range []bool{false, true} {
				target, kind := preview(test.media, crop, webp)
				what := name + " " + target
				switch {
				case test.never:
					closed.refused(closed.post(target, test.body, "API-Key", ""), what, http.StatusNotAcceptable, "Unsupported media type")
					open.refused(open.post(target, test.body, "API-Key", ""), what, http.StatusNotAcceptable, "Unsupported media type")
					continue
				case test.unsafe:
					closed.refused(closed.post(target, test.body, "API-Key", ""), what, http.StatusNotAcceptable, "Unsupported media type")
				default:
					closed.image(closed.post(target, test.body, "API-Key", ""), what, kind, 256, 128)
				}
				open.image(open.post(target, test.body, "API-Key", ""), what, kind, 256, 128)
			}
		}
	}
}

func TestDrawingsReadNothing(t *testing.T) {
	s := serve(t, imaginary.Config{AllowFormats: []string{"svg"}})
	target, _ := preview("image/svg+xml", false, false)
	s.refused(s.post(target, []byte(entity)), "an entity", http.StatusBadRequest, "Error while processing the image")
}

// TestNextcloudOfLyingPhotos has photos that are upright once they are turned as
// their EXIF says, and whose previews are.
func TestNextcloudOfLyingPhotos(t *testing.T) {
	s := serve(t, imaginary.Config{})
	for orientation := 1; orientation <= 8; orientation++ {
		w, h := 600, 300
		if orientation >= 5 {
			w, h = 300, 600
		}
		target, kind := preview("image/jpeg", false, false)
		s.image(s.post(target, picture(t, "jpegsave", w, h, 3, map[string]any{"orientation": orientation})), target, kind, 256, 128)
	}
}
