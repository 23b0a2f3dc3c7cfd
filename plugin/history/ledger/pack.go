package ledger

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"sync"
)

// Records and entries of the journal are packed: DEFLATE, with a dictionary of what
// their JSON mostly says, behind a byte that names the dictionary. JSON itself begins
// with a brace and is read as well.

// packed1 begins what was packed with the dictionary below, which never changes:
// another one gets a byte of its own.
const packed1 = 1

// packLevel is that of [flate.NewWriter]; higher ones make nothing smaller here.
const packLevel = 6

// dictionary1 says last what is said most.
var dictionary1 = []byte(strings.Join([]string{
	`"salvaged":true`, `"superseded":"`, `"moved_to":"`, `"undone":"`, `"former":[{"path":"`, `"left_out":[`, `"redo":[`, `"altered":[`, `"trial":{"before":{`, `"review":{"folder":"`, `"strikes":1`, `"starved":1`,
	`"state":"skipped"`, `"state":"asked"`, `"state":"waiting"`, `"state":"quarantined"`, `"error":"undone","hint":"`,
	`"state":"failed"`, `"error":"interrupted while the outputs were published","error_class":"interrupted","attempts":1,`,
	`{"act":"undone","time":"`, `{"act":"archived","time":"`, `"from":"/`, `"from_top":`, `"sidecar":true`, `"folder":true`, `"of":[`, `"by":`, `"replaced":"`, `","own":true,"kept":"`,
	`"format":"png"`, `"format":"heic"`, `"format":"webp"`, `"orientation":6`, `"camera":"Apple iPhone`, `"camera":"Canon EOS`, `"camera":"NIKON`, `"camera":"SONY`,
	`"left_alone":"`, `"evidence":"`, `"not_written":"`, `"fallbacks":{`, `"misses":1`, `"hits":1`, `0123456789abcdef`,
	`{"act":"published","time":"2026-12-01T00:00:00.000000000Z","photo":"/`, `.jpg","root":"/`, `","task":"`, `","pipeline":"photos","content":"`, `","files":[{"to":"/`, `.jpg","to_top":2`, `,"size":1`, `,"hash":"`, `"},{"to":"/`, `"}]}`,
	`{"path":"/home/srv/photos/2025/IMG_`, `DSC_`, `.jpg","work":"`, `","content":"`, `","build":"`, `","stat":{"size":1`, `,"mod_time":"202`, `Z","inode":1`, `,"changed":"2026-`, `Z"},"state":"done","outputs":[{"path":"/`,
	`.png","size":`, `.jpg","size":1`, `,"hash":"`, `","place":1},{"path":"/`, `","place":2}],"root":"/`, `","attempts":1,"pipeline":"photos","mounts":["`, `"],"started":"2026-`, `Z","finished":"2026-`,
	`Z","notes":{"delta_e":"`, `","device":"cpu","fidelity":"auto: `, `","model":"lite 0.5.0","model_digest":"`, `"},"photo":{"format":"jpeg","width":4000,"height":3000,"orientation":1,"camera":"`, `","taken":"20`, `T00:00:00Z"},`,
	`"stats":{"pixels":1`, `,"bytes_read":`, `,"damage":0.`, `,"tiles":4`, `,"stages":{"admission":`, `,"decode":`, `,"encode":1`, `,"restore":`, `,"verify":`, `}},"sequence":`,
}, ""))

// packers and unpackers are kept, being large.
var (
	packers = sync.Pool{New: func() any {
		w, err := flate.NewWriterDict(io.Discard, packLevel, dictionary1)
		if err != nil {
			panic(err) // the level is none
		}
		return w
	}}
	unpackers = sync.Pool{New: func() any { return flate.NewReaderDict(bytes.NewReader(nil), dictionary1) }}
)

// pack makes JSON small.
func pack(text []byte) ([]byte, error) {
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	b := bytes.NewBuffer(make([]byte, 0, len(text)))
	b.WriteByte(packed1)
	w.Reset(b)
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unpack is the JSON that was packed, or that a release of before wrote.
func unpack(value []byte) ([]byte, error) {
	if len(value) == 0 || value[0] != packed1 {
		return value, nil
	}
	r := unpackers.Get().(io.ReadCloser)
	defer unpackers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(value[1:]), dictionary1); err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(make([]byte, 0, 8*len(value)))
	if n, err := io.Copy(b, io.LimitReader(r, longest+1)); err != nil || n > longest {
		return nil, errors.Join(err, errDamaged)
	}
	return b.Bytes(), nil
}
