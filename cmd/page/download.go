package page

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/serve"
)

// scopeOfPictures is that of all that shows a photo.
const scopeOfPictures = serve.Read

// output hands an output's file out, for saving: a browser opens nothing of it,
// whatever it is.
func (v pictures) output(w http.ResponseWriter, r *http.Request, q api.PictureRequest) error {
	f := &remote{ctx: r.Context(), client: v.client, question: q}
	if err := f.load(0); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.part.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+f.part.Hash+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// remote is an output's file, read part by part. A part of another file than
// the first is an error.
type remote struct {
	ctx      context.Context
	client   *api.Client
	question api.PictureRequest
	at       int64
	part     api.OutputPart
	from     int64 // offset of part
}

// load brings the part that begins at an offset.
func (f *remote) load(from int64) error {
	part, err := api.Output.Call(f.ctx, f.client, api.OutputRequest{PictureRequest: f.question, Offset: from})
	if err != nil {
		return err
	}
	if f.part.Hash != "" && part.Hash != f.part.Hash {
		return errors.New("the file was replaced while it was read")
	}
	f.part, f.from = part, from
	return nil
}

// Read implements [io.Reader].
func (f *remote) Read(b []byte) (int, error) {
	if f.at >= f.part.Size {
		return 0, io.EOF
	}
	if f.at < f.from || f.at >= f.from+int64(len(f.part.Bytes)) {
		if err := f.load(f.at); err != nil {
			return 0, err
		}
		if len(f.part.Bytes) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(b, f.part.Bytes[f.at-f.from:])
	f.at += int64(n)
	return n, nil
}

// Seek implements [io.Seeker].
func (f *remote) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.part.Size
	}
	if offset < 0 {
		return 0, errors.New("before the file's beginning")
	}
	f.at = offset
	return offset, nil
}
