package v1

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
)

// maxParts is how many fields of a form may come before the photo.
const maxParts = 16

// Upload is the photo that a request sends, as its body or as the first file of a
// form, and its name, "" for none.
func Upload(w http.ResponseWriter, r *http.Request) (body io.Reader, name string, err error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, "", Refused(http.StatusUnsupportedMediaType, "Content-Encoding must be identity, got %.40q", e)
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Header.Get("Content-Type") == "" {
		kind, err = "application/octet-stream", nil
	}
	paced := intake.Body(w, r)
	switch {
	case err != nil:
	case kind == "multipart/form-data" && params["boundary"] != "":
		return filePart(multipart.NewReader(paced, params["boundary"]))
	case kind == "application/octet-stream" || strings.HasPrefix(kind, "image/"):
		return paced, nameOf(r), nil
	}
	return nil, "", Refused(http.StatusUnsupportedMediaType, "Content-Type must be that of an image, application/octet-stream, or multipart/form-data, got %.80q", r.Header.Get("Content-Type"))
}

// nameOf is the file's name in a Content-Disposition header.
func nameOf(r *http.Request) string {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return params["filename"]
}

func filePart(form *multipart.Reader) (io.Reader, string, error) {
	for range maxParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", Refused(http.StatusBadRequest, "the form cannot be read: %v", err)
		}
		if part.FileName() != "" {
			return part, part.FileName(), nil
		}
	}
	return nil, "", Refused(http.StatusBadRequest, "the form must hold the photo as a file, among its first %d parts", maxParts)
}

// sniffed are formats by how their files begin.
var sniffed = []struct {
	at     int
	begins string
	format string
}{
	{0, "\xff\xd8\xff", "jpeg"}, {0, "\x89PNG\r\n", "png"}, {8, "WEBP", "webp"}, {0, "GIF8", "gif"}, {0, "II*\x00", "tiff"}, {0, "MM\x00*", "tiff"},
	{4, "ftypavif", "avif"}, {4, "ftypheic", "heic"}, {4, "ftypmif1", "heic"}, {0, "\xff\x0a", "jxl"}, {4, "JXL ", "jxl"},
}

// formatOf guesses an image's format from how it begins. Others are written as
// JPEG, unless a pipeline says otherwise.
func formatOf(head []byte) string {
	for _, s := range sniffed {
		if len(head) >= s.at && bytes.HasPrefix(head[s.at:], []byte(s.begins)) {
			return s.format
		}
	}
	return "jpeg"
}
