package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/plugin"
)

// The verbs of photos that were processed. Those of the records are answered
// wherever records are; the others open files, which the worker process does. No
// question names a path: a photo is named by the id that Photos answers, and a
// picture by its number, 0 being the original and others the outputs.
const (
	Photos  Verb[plugin.PhotosQuery, PhotoPage]      = "POST /v1/photos"
	Photo   Verb[PhotoRequest, PhotoDetail]          = "POST /v1/photo"
	Picture Verb[PictureRequest, plugin.PictureInfo] = "POST /v1/picture"
	Tile    Verb[plugin.Tile, Encoded]               = "POST /v1/tile"
	Preview Verb[PreviewRequest, Encoded]            = "POST /v1/preview"
	Output  Verb[OutputRequest, OutputPart]          = "POST /v1/output"
)

// abandonable are verbs that only look: a call ends with its caller.
var abandonable = []string{"/v1/photos", "/v1/photo", "/v1/picture", "/v1/tile", "/v1/preview", "/v1/output"}

// ShowsPictures reports whether the verb of that path opens files.
func ShowsPictures(path string) bool {
	return path != "/v1/photos" && slices.Contains(abandonable, path)
}

// UnsafePicture is the answer where opening a photo has ended a process.
func UnsafePicture() *Problem {
	return &Problem{Status: http.StatusForbidden, Detail: plugin.ErrPictureUnsafe.Error()}
}

// PhotoPage is a page of records, the latest first.
type PhotoPage struct {
	Photos []PhotoRecord `json:"photos"`
	Next   string        `json:"next,omitempty"` // for the query of the page after; "" at the end
}

// PhotoRecord is a record with the id that other verbs name it by.
type PhotoRecord struct {
	ID     string        `json:"id"`
	Result string        `json:"result"` // as the query of Photos has it
	Record plugin.Record `json:"record"`
}

// PhotoRequest names a photo.
type PhotoRequest struct {
	Photo string `json:"photo"`
}

// PhotoDetail is all that is known of a photo.
type PhotoDetail struct {
	PhotoRecord
	Pictures []PictureState `json:"pictures"` // by their numbers
}

// PictureState is whether a picture can be shown.
type PictureState struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`            // bytes
	Of    int    `json:"of,omitempty"`    // number of the output that it is the former of, in a trial; 0: it is none
	Fault string `json:"fault,omitempty"` // why it cannot
}

// PictureRequest names a picture.
type PictureRequest struct {
	Photo   string `json:"photo"`
	Picture int    `json:"picture"`
}

// PreviewRequest asks for a whole picture of at most so many pixels a side.
type PreviewRequest struct {
	PictureRequest
	Side int `json:"side"`
}

// Encoded is a picture as a JPEG or, where no pixel may be lost, a PNG.
type Encoded struct {
	Bytes []byte `json:"bytes"`
}

// OutputRequest asks for bytes of an output's file from an offset on, as many as
// one answer holds.
type OutputRequest struct {
	PictureRequest
	Offset int64 `json:"offset"`
}

// OutputPart is a part of a file.
type OutputPart struct {
	Name  string `json:"name"` // of the file
	Size  int64  `json:"size"` // of the whole
	Hash  string `json:"hash"` // of the whole: SHA-256, hexadecimal
	Bytes []byte `json:"bytes"`
}

// partLength is the most bytes of an OutputPart.
const partLength = 1 << 20

func photoRecord(r plugin.Record) PhotoRecord { return PhotoRecord{r.ID(), r.Result(), r} }

// handlePhotos answers the verbs of the records.
func handlePhotos(m *Mux, r *plugin.Records) {
	Photos.Handle(m, func(_ context.Context, q plugin.PhotosQuery) (page PhotoPage, err error) {
		records, next, err := r.Photos(q)
		for _, record := range records {
			page.Photos = append(page.Photos, photoRecord(record))
		}
		page.Next = next
		return page, err
	})
}

// Pictures answers the verbs that open files.
func Pictures(m *Mux, v *plugin.Viewer) {
	Photo.Handle(m, func(ctx context.Context, q PhotoRequest) (PhotoDetail, error) {
		r, states, err := v.Look(ctx, q.Photo)
		if err != nil {
			return PhotoDetail{}, pictureProblem(err)
		}
		d := PhotoDetail{PhotoRecord: photoRecord(r)}
		for _, s := range states {
			state := PictureState{Path: s.Path, Size: s.Size, Of: s.Of}
			if s.Err != nil {
				state.Fault = s.Err.Error()
			}
			d.Pictures = append(d.Pictures, state)
		}
		return d, nil
	})
	Picture.Handle(m, func(ctx context.Context, q PictureRequest) (plugin.PictureInfo, error) {
		info, err := v.Describe(ctx, q.Photo, q.Picture)
		return info, pictureProblem(err)
	})
	Tile.Handle(m, func(ctx context.Context, q plugin.Tile) (Encoded, error) {
		b, err := v.Tile(ctx, q)
		return Encoded{b}, pictureProblem(err)
	})
	Preview.Handle(m, func(ctx context.Context, q PreviewRequest) (Encoded, error) {
		b, err := v.Preview(ctx, q.Photo, q.Picture, q.Side)
		return Encoded{b}, pictureProblem(err)
	})
	Output.Handle(m, func(_ context.Context, q OutputRequest) (OutputPart, error) {
		p, err := outputPart(v, q)
		return p, pictureProblem(err)
	})
}

// outputPart reads a part of an output. Originals are not handed out.
func outputPart(v *plugin.Viewer, q OutputRequest) (p OutputPart, err error) {
	if q.Picture < 1 || q.Offset < 0 {
		return p, plugin.ErrUnknownPicture
	}
	f, err := v.File(q.Photo, q.Picture)
	if err != nil {
		return p, err
	}
	defer f.Close()
	p.Name, p.Size, p.Hash = filepath.Base(f.Path), f.Size, f.Hash
	if q.Offset >= p.Size {
		return p, nil
	}
	p.Bytes = make([]byte, min(partLength, p.Size-q.Offset))
	n, err := f.ReadAt(p.Bytes, q.Offset)
	if errors.Is(err, io.EOF) && n == len(p.Bytes) {
		err = nil
	}
	p.Bytes = p.Bytes[:n]
	return p, err
}

// pictureProblem tells by its status what can be done about an error.
func pictureProblem(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []struct {
		status int
		errs   []error
	}{
		{http.StatusNotFound, []error{plugin.ErrUnknownPicture, plugin.ErrNoTile}},
		{http.StatusGone, []error{plugin.ErrPictureMissing}},
		{http.StatusConflict, []error{plugin.ErrPictureChanged}},
		{http.StatusForbidden, []error{plugin.ErrPictureUnsafe, plugin.ErrPictureLarge, plugin.ErrPictureHeld}},
		{http.StatusServiceUnavailable, []error{plugin.ErrViewerBusy, plugin.ErrPictureLater}},
	} {
		if slices.ContainsFunc(known.errs, func(e error) bool { return errors.Is(err, e) }) {
			return &Problem{Status: known.status, Detail: err.Error()}
		}
	}
	return err
}
