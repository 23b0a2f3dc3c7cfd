package plugin_test

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
)

// immich#5714: a date that is not as EXIF has it still names the output; where
// none is one, the file's own time does, with a note.
func TestDatesInNames(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "{dir}/{stem}.png", "{date:2006-01-02}/{stem}.png", 1))
	for name, test := range map[string]struct{ text, folder, note string }{
		"24h":        {"2015:08:22 24:08:19", "2015-08-22", ""},
		"dashes":     {"2015-08-22 10:08:19", "2015-08-22", ""},
		"impossible": {"2015:13:45 10:08:19", "2001-02-03", `"2015:13:45 10:08:19" in EXIF is no date`},
		"zero":       {"0000:00:00 00:00:00", "2001-02-03", "the photo bears no date"},
		"none":       {"", "2001-02-03", "the photo bears no date"},
	} {
		var entries []exif.Entry
		if test.text != "" {
			entries = append(entries, exif.Entry{Dir: exif.Exif, Tag: exif.DateTimeOriginal, Type: 2, Count: uint32(len(test.text) + 1), Value: append([]byte(test.text), 0)})
		}
		path := b.carrying(name+".jpg", "jpeg", container.Metadata{EXIF: exif.Encode(entries, binary.LittleEndian).Bytes()})
		moment := time.Date(2001, 2, 3, 4, 5, 6, 0, time.Local)
		if err := os.Chtimes(path, moment, moment); err != nil {
			t.Fatal(err)
		}
		r := b.done(path)
		if out := r.Outputs[0].Path; out != b.path("out/"+test.folder+"/"+name+".png") {
			t.Errorf("%s: %s", name, out)
		}
		if note := r.Notes["date"]; (note != "") != (test.note != "") || !strings.Contains(note, test.note) {
			t.Errorf("%s: noted %q", name, note)
		}
	}
}
