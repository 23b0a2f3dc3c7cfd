// Package verify compares what the ledger says of photos with their files: that
// originals and outputs are where they should be, and to the byte as they were
// when they were processed. It can have outputs made again that are gone or were
// altered; it writes over nothing.
//
// It decodes no image itself and goes through the ledger in pages, so that its
// memory does not grow with the library.
package verify

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// Kind is what is wrong with a file.
type Kind string

// The kinds.
const (
	MissingOutput   Kind = "missing-output"
	AlteredOutput   Kind = "altered-output"
	MissingOriginal Kind = "missing-original"
	AlteredOriginal Kind = "altered-original"
	Undecodable     Kind = "undecodable" // to the byte as it was, and not to be decoded
	Unreachable     Kind = "unreachable" // its disk is not mounted, or it may not be read
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{MissingOutput, AlteredOutput, MissingOriginal, AlteredOriginal, Undecodable, Unreachable}
}

// Finding is one file that is not as it should be.
type Finding struct {
	Kind     Kind   `json:"kind"`
	File     string `json:"file"`
	Photo    string `json:"photo"` // the original's path
	Pipeline string `json:"pipeline,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Healed   bool   `json:"healed,omitempty"` // it is to be made again
	Hint     string `json:"hint,omitempty"`   // what to do about it
}

// Heal says which outputs are to be made again.
type Heal string

// What is healed.
const (
	Nothing Heal = ""
	Missing Heal = "missing"
	Altered Heal = "altered" // and missing ones; what was altered goes to the trash
)

// Request says what is verified.
type Request struct {
	Paths  []string `json:"paths,omitempty"`  // photos, folders of them, and their outputs; absolute; none: all
	Quick  bool     `json:"quick,omitempty"`  // by size and time, without reading files
	Decode bool     `json:"decode,omitempty"` // read every output as an image, too
	Heal   Heal     `json:"heal,omitempty"`

	After history.Key   `json:"after,omitzero"` // go on after that record
	Most  int64         `json:"most,omitempty"` // bytes to read at most, or one photo; 0: any number
	Time  time.Duration `json:"time,omitempty"` // for one call; 0: a second
}

// Page is a part of what was found.
type Page struct {
	Findings []Finding   `json:"findings,omitempty"`
	Count    Count       `json:"count"`
	Photos   []string    `json:"photos,omitempty"` // that are to be processed again
	After    history.Key `json:"after,omitzero"`   // of the next call
	Done     bool        `json:"done"`             // that was all
}

// Count adds up what was looked at.
type Count struct {
	Photos  int   `json:"photos"`
	Outputs int   `json:"outputs"`
	Bytes   int64 `json:"bytes"` // that were read
}

// Add adds another count.
func (c *Count) Add(o Count) {
	c.Photos, c.Outputs, c.Bytes = c.Photos+o.Photos, c.Outputs+o.Outputs, c.Bytes+o.Bytes
}

// Verifier verifies. Its methods may be called from several goroutines.
type Verifier struct {
	Store    history.Store
	StateDir string

	// Decode reads an image in full; nil: nothing is decoded.
	Decode func(path string) error

	// Hold waits until nothing is done with a photo and keeps others from
	// beginning; nil where nobody else works on photos.
	Hold func(ctx context.Context, photo string) (release func(), err error)
}

const (
	pageRecords = 64          // that one page of the store has
	callTime    = time.Second // for one call, so that callers hear of progress
	readers     = 4           // photos that are read at a time
)

// Verify looks at a page of the records.
func (v *Verifier) Verify(ctx context.Context, q Request) (p Page, err error) {
	if q.Time <= 0 {
		q.Time = callTime
	}
	until := time.Now().Add(q.Time)
	p.After = q.After
	for {
		n := pageRecords
		if q.Most > 0 {
			n = 1
		}
		records, err := v.Store.Page(p.After, n)
		if err != nil {
			return p, err
		}
		if len(records) == 0 {
			p.Done = true
			return p, nil
		}
		if err := v.page(ctx, q, records, &p); err != nil {
			return p, err
		}
		p.After = records[len(records)-1].Key
		if time.Now().After(until) || q.Most > 0 && p.Count.Bytes >= q.Most {
			return p, nil
		}
	}
}

// page verifies some records at a time.
func (v *Verifier) page(ctx context.Context, q Request, records []history.Record, p *Page) error {
	looks := make([]look, len(records))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(readers, len(records)) {
		workers.Go(func() {
			cache := mounts.Cache{}
			for i := range next {
				looks[i] = look{Verifier: v, ctx: ctx, request: q, record: records[i], mounts: cache}
				looks[i].run()
			}
		})
	}
	for i, r := range records {
		if ctx.Err() != nil {
			break
		}
		if r.State == history.Done && r.Superseded == "" && named(r, q.Paths) {
			next <- i
		}
	}
	close(next)
	workers.Wait()
	for _, l := range looks {
		if l.err != nil {
			return l.err
		}
		p.Findings = append(p.Findings, l.findings...)
		p.Count.Add(l.count)
		if l.requeued {
			p.Photos = append(p.Photos, l.record.Path)
		}
	}
	return context.Cause(ctx)
}

// named reports whether the paths name a record, by its photo or an output; none
// name all.
func named(r history.Record, paths []string) bool {
	if len(paths) == 0 {
		return true
	}
	places := []string{r.Path, r.MovedTo}
	for _, o := range r.Outputs {
		places = append(places, o.Path)
	}
	return slices.ContainsFunc(paths, func(path string) bool {
		within := strings.TrimSuffix(path, "/") + "/"
		return slices.ContainsFunc(places, func(p string) bool { return p == path || strings.HasPrefix(p, within) })
	})
}
