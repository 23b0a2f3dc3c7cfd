package plugin_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// A photo whose output's name no file can bear fails once, by itself; one whose
// output's name just fits is done, for temporary names are short.
//
// syncthing#1786, syncthing#2393
func TestLongNames(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "{stem}.png", "{stem}-restored.png", 1), plugin.WithLedger())
	good := b.photo("good.jpg", 20, 10, 1)
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range []string{"n", "é"} { // names count in bytes
		name := strings.Repeat(letter, 251/len(letter))
		long := b.write("in/"+name+".jpg", data)
		_, err := b.process(long)
		failure, ok := err.(*plugin.Error)
		if !ok || failure.Kind != plugin.Unfit || !failure.Quarantined || failure.Shared() {
			t.Fatalf("got %+v, want an unfit photo in quarantine", err)
		}
		if !strings.Contains(failure.Hint, "shorten") {
			t.Errorf("the remedy is %q", failure.Hint)
		}
		b.skipped(long, "in quarantine after 1 strike (unfit)")
	}
	if got := b.files("state/quarantine"); len(got) != 2 {
		t.Errorf("reasons: %v", got)
	}
	b.config = strings.Replace(small, "{stem}.png", "{stem}.jpg", 1)
	b.reopen()
	for _, letter := range []string{"n", "é"} {
		b.done(b.path("in/" + strings.Repeat(letter, 251/len(letter)) + ".jpg"))
	}
}

// What only one photo's place has is no fault of its folder.
func TestAFailureOfOnePhotoAloneIsNotShared(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a, inner := b.photo("a.jpg", 20, 10, 1), b.photo("c.jpg", 20, 10, 2)
	if err := os.MkdirAll(b.path("in/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(inner, b.path("in/sub/c.jpg")); err != nil {
		t.Fatal(err)
	}
	b.write("out/sub", nil) // a file where its folder goes
	own := b.failure(b.path("in/sub/c.jpg"))
	if own.Kind != plugin.Unwritable || own.Shared() {
		t.Errorf("%+v: want it unwritable for this photo alone", own)
	}
	os.RemoveAll(b.path("out"))
	b.write("out", nil)
	if all := b.failure(a); all.Kind != plugin.Unwritable || !all.Shared() {
		t.Errorf("%+v: want it unwritable for all", all)
	}
	os.Remove(b.path("out"))
	loop := b.path("in/loop.jpg")
	if err := os.Symlink("loop.jpg", loop); err != nil {
		t.Fatal(err)
	}
	if own := b.failure(loop); own.Kind != plugin.Swapped || own.Shared() {
		t.Errorf("%+v: want it swapped, for this photo alone", own)
	}
	if err := os.Rename(b.path("in"), b.path("gone")); err != nil {
		t.Fatal(err)
	}
	if all := b.failure(a); all.Kind != plugin.Unreadable || !all.Shared() {
		t.Errorf("%+v: want it unreadable for all", all)
	}
	if err := os.Rename(b.path("gone"), b.path("in")); err != nil {
		t.Fatal(err)
	}
}

// A step that cannot do with this photo what it can with others judges the
// photo at once.
func TestAStepThatAPhotoDoesNotFit(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "resize: {width: 64, height: 64}", "extract_area: {left: 0, top: 0, width: 30, height: 30}", 1), plugin.WithLedger())
	tiny := b.failure(b.photo("tiny.jpg", 20, 10, 1))
	if tiny.Kind != plugin.Unfit || !tiny.Quarantined || tiny.Shared() {
		t.Errorf("%+v: want it unfit and in quarantine", tiny)
	}
	b.done(b.photo("large.jpg", 40, 40, 1))
}

func (b *fixture) failure(photo string) *plugin.Error {
	b.Helper()
	_, err := b.engine.Process(b.Context(), b.job(photo))
	failure, ok := err.(*plugin.Error)
	if !ok {
		b.Fatalf("%s: got %v, want a failure", filepath.Base(photo), err)
	}
	return failure
}

// libspng and libpng unfold every text chunk of a PNG, however small the
// picture: 200 chunks of 1.5 MB in all took 2.3 GB and a minute.
func TestMetadataThatUnfolds(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(make([]byte, 7_900_000))
	z.Close()
	b := newFixture(t, strings.Replace(small, "pipelines:", "limits: {metadata: 20MB}\npipelines:", 1), plugin.WithLedger())
	bomb := func(name string, chunks int) string {
		data, err := os.ReadFile(b.photo(name, 64, 64, 1))
		if err != nil {
			t.Fatal(err)
		}
		at := len(data) - 12 // IEND
		var text []byte
		for range chunks {
			chunk := append([]byte("zTXtkey\x00\x00"), packed.Bytes()...)
			text = binary.BigEndian.AppendUint32(text, uint32(len(chunk)-4))
			text = binary.BigEndian.AppendUint32(append(text, chunk...), crc32.ChecksumIEEE(chunk))
		}
		return b.write("in/"+name, slices.Concat(data[:at], text, data[at:]))
	}
	began := time.Now()
	file := bomb("bomb.png", 200)
	f := b.failure(file)
	if f.Kind != plugin.TooLarge || !f.Quarantined || !strings.Contains(f.Error(), "raise limits.metadata") {
		t.Errorf("got %+v", f)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := tools.Explain(file); err == nil || !strings.Contains(err.Error(), "unfold to more than") {
		t.Errorf("explain says %v", err)
	}
	b.done(bomb("some.png", 2))
}

// A folder's own limits stand in place of the general ones.
func TestLimitsOfAFolder(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 200, 100, 1)
	for key, limits := range map[string]plugin.PhotoLimits{
		"limits.megapixels of the watched folder": {Megapixels: 0.01},
		"limits.bytes of the watched folder":      {Bytes: 100},
		"limits.metadata of the watched folder":   {Metadata: 1},
	} {
		j := b.job(photo)
		j.Limits = limits
		_, err := b.engine.Process(t.Context(), j)
		if f, ok := err.(*plugin.Error); !ok || f.Kind != plugin.TooLarge || !strings.Contains(f.Hint, key) {
			t.Errorf("%+v: got %v", limits, err)
		}
		if _, err := b.engine.Records().Retry(b.Context(), []string{photo}); err != nil {
			t.Fatal(err)
		}
	}
	b.config = strings.Replace(small, "pipelines:", "limits: {bytes: 100B}\npipelines:", 1)
	b.reopen()
	j := b.job(photo)
	j.Limits.Bytes = 1_000_000 // more than elsewhere
	if r, err := b.engine.Process(t.Context(), j); err != nil || r.State != plugin.Done {
		t.Errorf("%+v, %v", r, err)
	}
}

// A kind of photo that libvips was not built for is not damaged: another copy
// of it would be of no use.
func TestUnsupportedIsNotDamaged(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	usual, err := os.ReadFile(b.photo("a.jpg", 64, 64, 1))
	if err != nil {
		t.Fatal(err)
	}
	frame := bytes.Index(usual, []byte("\xff\xc0"))
	for name, change := range map[string]func([]byte){
		"12-bit JPEG":   func(d []byte) { d[frame+1], d[frame+4] = 0xc1, 12 },
		"lossless JPEG": func(d []byte) { d[frame+1] = 0xc3 },
		"JPEG-LS":       func(d []byte) { d[frame+1] = 0xf7 },
	} {
		data := slices.Clone(usual)
		change(data)
		f := b.failure(b.write("in/"+name+".jpg", data))
		if f.Kind != plugin.Unsupported || !f.Quarantined || f.Shared() || !strings.Contains(f.Error(), "this build of libvips cannot decode "+name) || strings.Contains(f.Error(), "copy it here again") {
			t.Errorf("%s: got %+v", name, f)
		}
	}
	cut := b.failure(b.write("in/cut.jpg", usual[:len(usual)/2]))
	if cut.Kind != plugin.Damaged || !strings.Contains(cut.Error(), "copy it here again") {
		t.Errorf("%+v: want it damaged", cut)
	}
}
