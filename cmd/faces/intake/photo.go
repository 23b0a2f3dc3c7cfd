package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/burnish-photo/burnish/plugin"
)

// Photo is a photo of a request. It belongs to one goroutine, which closes it.
type Photo struct {
	intake *Intake
	folder string // scratch; everything in it is the photo's
	path   string // of the photo
	hash   string // SHA-256 of a body, hexadecimal; "" for a file
	size   int64  // of a body
	used   int64  // bytes that are counted for it
	runs   int
	left   bool // its place was given back
}

// Take takes a place and keeps a body, up to the limits. name is what the client
// calls the file, "" for nothing; of a path the last part counts.
func (i *Intake) Take(ctx context.Context, body io.Reader, name string) (*Photo, error) {
	p, err := i.hold()
	if err != nil {
		return nil, err
	}
	p.path = filepath.Join(p.folder, "in", fileName(name))
	if err = p.keep(ctx, body); err == nil {
		err = i.refused.check(p.hash)
	}
	if err != nil {
		p.Close()
		return nil, problemOf(err)
	}
	return p, nil
}

// TakeFile takes a place for a file that lies elsewhere, which is only read.
// digest is its SHA-256 where it was a body, else "".
func (i *Intake) TakeFile(path, digest string) (*Photo, error) {
	if err := i.refused.check(digest); err != nil {
		return nil, err
	}
	p, err := i.hold()
	if err != nil {
		return nil, err
	}
	p.path, p.hash = path, digest
	return p, nil
}

// Release lets a body go elsewhere: it is renamed, on the disk, and is the
// caller's from then on. The path lies in the state folder.
func (p *Photo) Release(path string) error {
	f, err := os.Open(p.path)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close(), os.Rename(p.path, path))
	}
	if err != nil {
		return problemOf(err)
	}
	p.path = path
	return nil
}

// hold takes a place and makes its scratch folder.
func (i *Intake) hold() (*Photo, error) {
	if err := i.enter(); err != nil {
		return nil, err
	}
	p := &Photo{intake: i, folder: filepath.Join(i.folder, rand.Text())}
	if err := os.MkdirAll(filepath.Join(p.folder, "in"), 0o700); err != nil {
		p.Close()
		return nil, problemOf(err)
	}
	return p, nil
}

// chunk is how many bytes of a body are looked at together for the space that is
// left.
const chunk = 1 << 20

// keep writes a body to the photo's file.
func (p *Photo) keep(ctx context.Context, body io.Reader) (err error) {
	f, err := os.OpenFile(p.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	most, digest := int64(p.intake.bounds().Bytes), sha256.New()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := p.keepSome(f, digest, body, most)
		if err != nil {
			return err
		}
		if n < chunk {
			break
		}
	}
	if p.size == 0 {
		return &Problem{Status: statusBad, Detail: "the body is empty: send a photo"}
	}
	p.hash = hex.EncodeToString(digest.Sum(nil))
	return nil
}

func (p *Photo) keepSome(f *os.File, digest hash.Hash, body io.Reader, most int64) (n int64, err error) {
	if err := p.reserve(chunk); err != nil {
		return 0, err
	}
	n, err = io.Copy(io.MultiWriter(f, digest), io.LimitReader(body, chunk))
	p.size += n
	_ = p.reserve(n - chunk) // gives back
	if err != nil {
		return n, fmt.Errorf("read the body: %w", err)
	}
	if most > 0 && p.size > most {
		return n, &Problem{Status: statusTooLarge, Key: "limits.bytes", Detail: fmt.Sprintf("the photo must have at most %s (limits.bytes)", p.intake.bounds().Bytes)}
	}
	return n, nil
}

func (p *Photo) reserve(n int64) error {
	err := p.intake.reserve(n)
	if err == nil {
		p.used += n
	}
	return err
}

// Digest is the SHA-256 of a body, hexadecimal, "" for a file that lies elsewhere.
func (p *Photo) Digest() string { return p.hash }

// Size is that of a body in bytes.
func (p *Photo) Size() int64 { return p.size }

// Path is where the photo lies.
func (p *Photo) Path() string { return p.path }

// Process has the photo processed and waits. The job says by what; its Path,
// Output, Unrecorded and Named are filled in. The outputs lie in the photo's
// scratch folder, until Close. One run of a photo at a time.
func (p *Photo) Process(ctx context.Context, j plugin.Job) (plugin.Result, error) {
	if p.left {
		return plugin.Result{}, errors.New("the photo has no place any more")
	}
	p.runs++
	j.Path, j.Unrecorded, j.Named = p.path, true, true
	j.Output = filepath.Join(p.folder, fmt.Sprintf("out-%d", p.runs))
	if err := os.Mkdir(j.Output, 0o700); err != nil {
		return plugin.Result{}, problemOf(err)
	}
	if limit := p.intake.bounds().Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errLate)
		defer cancel()
	}
	result, err := p.intake.submit(ctx, j)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return result, p.failed(err)
	}
	p.intake.done(result.Elapsed)
	if result.State == plugin.Skipped && result.Reason == plugin.NotAPhoto {
		return result, &Problem{Status: statusUnfit, Kind: plugin.NotImage, Detail: "the body is " + result.Reason}
	}
	for _, o := range result.Outputs {
		if err := p.reserve(o.Size); err != nil {
			return result, err
		}
	}
	return result, nil
}

// failed is a failure as who has sent the photo may know it.
func (p *Photo) failed(err error) *Problem {
	problem := problemOf(err)
	if p.hash != "" {
		problem.Detail = strings.ReplaceAll(problem.Detail, p.path, "the photo")
	}
	problem.Detail = strings.ReplaceAll(problem.Detail, p.folder+string(filepath.Separator), "")
	if problem.Kind == plugin.Crashed && p.hash != "" {
		p.intake.refused.add(p.hash, time.Now())
	}
	return problem
}

// Yield gives the photo's place back to others before its outputs are sent, which
// may take long and keeps nothing busy. It is not processed any more.
func (p *Photo) Yield() {
	if !p.left {
		p.left = true
		p.intake.leave()
	}
}

// Close removes all that there is of the photo, its outputs among it, and gives
// its place back.
func (p *Photo) Close() {
	_ = os.RemoveAll(p.folder) // what stays goes with the next start
	_ = p.intake.reserve(-p.used)
	p.Yield()
}

// maxName is how many bytes of a client's name are kept.
const maxName = 100

// fileName is a name that a client gives as one of a file here.
func fileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ". ")
	if len(name) > maxName {
		ext := filepath.Ext(name)
		if len(ext) > 10 {
			ext = ""
		}
		name = strings.ToValidUTF8(name[:maxName-len(ext)], "") + ext
	}
	if name == "" {
		return "photo"
	}
	return name
}
