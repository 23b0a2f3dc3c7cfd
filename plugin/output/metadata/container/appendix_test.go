package container

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	shortJPEG = "\xff\xd8\xff\xe1\x00\x08ab\xff\xd9cd\xff\xda\x00\x04abxy\xff\x00z\xff\xd9"
	shortFilm = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x0cmdatfilm"
	// shortTrailer is laid out as Samsung's: blocks, then a directory of them.
	shortTrailer = "\x00\x00\x30\x0a\x10\x00\x00\x00MotionPhoto_Data" + shortFilm + "SEFH\x01\x00\x00\x00abcdSEFT"
)

// immich#30654, sview#138: films behind photos are told of.
func TestAppendix(t *testing.T) {
	rest := int64(len(shortTrailer) - len(shortFilm) - 2) // its first zeros do not count
	for name, test := range map[string]struct {
		format, data string
		want         Appendix
	}{
		"nothing":           {"jpeg", shortJPEG, Appendix{}},
		"zeros":             {"jpeg", shortJPEG + strings.Repeat("\x00", 3<<20), Appendix{}},
		"film":              {"jpeg", shortJPEG + shortFilm, Appendix{Film: 36}},
		"gain map and film": {"jpeg", shortJPEG + shortJPEG + shortFilm, Appendix{Film: 36}},
		"film and preview":  {"jpeg", shortJPEG + shortFilm + shortJPEG, Appendix{Film: 36}},
		"Samsung's":         {"jpeg", shortJPEG + shortTrailer, Appendix{Film: 36, Other: rest}},
		"far behind":        {"jpeg", shortJPEG + strings.Repeat("x", window-6) + shortFilm, Appendix{Film: 36, Other: window - 6}},
		"a film cut off":    {"jpeg", shortJPEG + shortFilm[:34], Appendix{Film: 34}},
		"a note":            {"jpeg", shortJPEG + "ftyp is no film", Appendix{Other: 15}},
		"a few bytes":       {"jpeg", shortJPEG + "abc", Appendix{Other: 3}},
		"HEIF":              {"heic", "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00\x00\x00\x00\x10mpvd01234567", Appendix{Film: 8}},
		"HEIF of Samsung":   {"heic", "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00\x00\x00\x00\x10mpvd01234567" + "\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data", Appendix{Film: 8}},
		"many":              {"jpeg", shortJPEG + strings.Repeat("\xff\xd8\xff\xd9", 1<<10), Appendix{Other: 4 * (1<<10 - maxPieces)}},
		"PNG":               {"png", "whatever", Appendix{}},
	} {
		path := filepath.Join(t.TempDir(), "photo")
		if err := os.WriteFile(path, []byte(test.data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadAppendix(path, test.format); got != test.want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
	}
}

func FuzzBehind(f *testing.F) {
	f.Add([]byte(shortFilm + shortTrailer))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x08\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00\x00\x00\x00\x00mdat"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := behind(bytes.NewReader(data), 0, int64(len(data)))
		if err != nil || a.Film < 0 || a.Other < 0 || a.Film+a.Other > int64(len(data)) {
			t.Errorf("%+v, %v of %d bytes", a, err, len(data))
		}
	})
}
