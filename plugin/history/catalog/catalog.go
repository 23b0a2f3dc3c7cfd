// Package catalog is how records are listed: which of them a [Query] asks for,
// and the short [Entry] by which a store finds that out without reading the
// record. It knows neither records nor stores.
package catalog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxVisited is how many entries one call of a store looks at, at the most. One
// that finds fewer than it was asked for until then tells where to go on.
const MaxVisited = 250_000

// MaxLimit is the most records of one page, and DefaultLimit those of a query
// that names no number.
const (
	MaxLimit     = 500
	DefaultLimit = 60
)

// Query says which records are listed. The zero value lists all.
type Query struct {
	Folder   string   `json:"folder,omitempty"`   // that the photo lies below, absolute
	Result   string   `json:"result,omitempty"`   // as of [Entry]
	Pipeline string   `json:"pipeline,omitempty"` // its name
	Camera   string   `json:"camera,omitempty"`   // a part of its name, in any case
	Text     string   `json:"text,omitempty"`     // a part of the path, in any case
	Least    *float64 `json:"least,omitempty"`    // damage; photos whose damage is not known do not count
	Most     *float64 `json:"most,omitempty"`

	After string `json:"after,omitempty"` // where the page before ended; "" is the newest
	Limit int    `json:"limit,omitempty"` // records; 0 means [DefaultLimit]
}

// Count is the number of records that a page has at the most.
func (q Query) Count() int {
	if q.Limit <= 0 {
		return DefaultLimit
	}
	return min(q.Limit, MaxLimit)
}

// Entry is what a record is chosen by.
type Entry struct {
	Path     string
	Result   string // how it ended
	Pipeline string
	Camera   string   // maker and model; "" where that is not known
	Damage   *float64 // from 0 to 1; nil where that is not known
}

// unknown stands for damage that is not known.
const unknown = math.MaxUint16

// damageUnits are what damage is kept in.
const damageUnits = 10_000

// errEntry is an entry that cannot be read.
var errEntry = errors.New("malformed entry")

// Append adds the entry to b. It is no JSON.
func (e Entry) Append(b []byte) []byte {
	damage := uint16(unknown)
	if e.Damage != nil {
		damage = uint16(math.Round(min(max(*e.Damage, 0), 1) * damageUnits))
	}
	b = binary.BigEndian.AppendUint16(b, damage)
	for _, text := range []string{e.Path, e.Result, e.Pipeline, e.Camera} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

// view is an entry as it lies in a store's memory.
type view struct {
	damage                         uint16
	path, result, pipeline, camera []byte
}

func (v *view) read(b []byte) error {
	if len(b) < 2 {
		return errEntry
	}
	v.damage, b = binary.BigEndian.Uint16(b), b[2:]
	for _, field := range []*[]byte{&v.path, &v.result, &v.pipeline, &v.camera} {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return errEntry
		}
		*field, b = b[used:used+int(n)], b[used+int(n):]
	}
	return nil
}

// Matcher tells which entries a query asks for. It belongs to one goroutine.
type Matcher struct {
	query        Query
	folder       []byte
	text, camera []byte // folded
	least, most  int
	buffer       []byte
}

// Matcher prepares the query.
func (q Query) Matcher() *Matcher {
	m := &Matcher{query: q, text: fold(nil, []byte(q.Text)), camera: fold(nil, []byte(q.Camera)), most: unknown}
	if q.Folder != "" {
		m.folder = []byte(strings.TrimSuffix(q.Folder, "/") + "/")
	}
	if q.Least != nil {
		m.least, m.most = int(math.Ceil(*q.Least*damageUnits-1e-6)), damageUnits
	}
	if q.Most != nil {
		m.most = int(math.Floor(*q.Most*damageUnits + 1e-6))
	}
	return m
}

// Matches reports whether the query asks for an entry as [Entry.Append] wrote
// it. One that cannot be read is not asked for.
func (m *Matcher) Matches(entry []byte) bool {
	var v view
	if v.read(entry) != nil {
		return false
	}
	damage := int(v.damage)
	switch {
	case damage < m.least, damage > m.most:
		return false
	case m.query.Result != "" && !sameResult(string(v.result), m.query.Result):
		return false
	case m.query.Pipeline != "" && string(v.pipeline) != m.query.Pipeline:
		return false
	case !bytes.HasPrefix(v.path, m.folder):
		return false
	}
	return m.holds(v.camera, m.camera) && m.holds(v.path, m.text)
}

// sameResult compares a result with the one that is asked for. Results of one
// kind share what is before a colon.
func sameResult(result, asked string) bool {
	kind, _, _ := strings.Cut(result, ":")
	return result == asked || kind == asked
}

func (m *Matcher) holds(text, part []byte) bool {
	if len(part) == 0 {
		return true
	}
	m.buffer = fold(m.buffer[:0], text)
	return bytes.Contains(m.buffer, part)
}

// fold appends text in lower case and in Unicode's composed form, so that
// names are found however they are spelled.
func fold(b, text []byte) []byte {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return append(b[:0], strings.ToLower(norm.NFC.String(string(text)))...)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
