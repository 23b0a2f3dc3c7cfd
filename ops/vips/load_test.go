package vips

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every format that can be written is known again, by content alone.
func TestOpenEveryFormat(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 90, 70)
	known := map[string]string{"heic": "heif"}
	for format, saver := range savers() {
		t.Run(format, func(t *testing.T) {
			path := saved(t, image, saver, "misnamed [2].txt", encoders[format].probe)
			want := format
			if name, other := known[format]; other {
				want = name
			}
			if got := must[string](t)(Sniff(path)); got != want {
				t.Errorf("sniffed %q, want %q", got, want)
			}
			h := must[Header](t)(ReadHeader(path))
			if h.Format != want || h.Width != 90 || h.Height != 70 || h.Orientation != 1 || h.Pages != 1 || h.Loader != loaderFor(want) {
				t.Errorf("header %+v", h)
			}
			for _, access := range []Access{Sequential, Random} {
				if got := must[[]byte](t)(opened(t, path, access).Pixels()); len(got) != 90*70*h.Bands {
					t.Errorf("%v: %d bytes of pixels", access, len(got))
				}
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	checkLeaks(t)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name, path string
		is         error
	}{
		{"absent", filepath.Join(dir, "absent.jpg"), fs.ErrNotExist},
		{"empty", write("empty.jpg", ""), ErrNotImage},
		{"text", write("text.jpg", "not a photo"), ErrNotImage},
		{"svg", write("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"), ErrUnsupported},
		{"pdf", write("scan.pdf", "%PDF-1.4"), ErrUnsupported},
		{"bmp", write("old.bmp", "BM........"), ErrUnsupported},
		{"header only", write("header.jpg", "\xff\xd8\xff\xe0"), nil},
	}
	for _, tt := range tests {
		_, err := Open(tt.path, Sequential)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), tt.path) {
			t.Errorf("%s: no file in %q", tt.name, err)
		}
		if _, again := ReadHeader(tt.path); again == nil || tt.is != nil && !errors.Is(again, tt.is) {
			t.Errorf("%s: ReadHeader: %v", tt.name, again)
		}
	}
}

// Half a file is an error for every consumer, with either access.
func TestTruncated(t *testing.T) {
	image := photo(t, 200, 400)
	for _, format := range []string{"jpeg", "png", "webp"} {
		saver, ok := SaverFor(format)
		if !ok {
			t.Logf("no saver of %s", format)
			continue
		}
		path := saved(t, image, saver, "whole", nil)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, access := range []Access{Sequential, Random} {
			t.Run(format+"/"+access.String(), func(t *testing.T) {
				checkLeaks(t)
				half, err := Open(path, access)
				if err != nil {
					return // some decoders see it in the header
				}
				defer half.Close()
				if out, err := half.Materialise(t.Context(), math.MaxInt64, ""); err == nil {
					out.Close()
					t.Error("materialised")
				}
				half2, err := Open(path, access)
				if err != nil {
					t.Fatal(err)
				}
				defer half2.Close()
				lazy := stripsOn(t, half2, Strips{Height: 32, Above: 4, Below: 4, Func: copyRows})
				if err := lazy.Save("jpegsave", filepath.Join(t.TempDir(), "out.jpg"), nil); err == nil {
					t.Error("saved")
				}
			})
		}
	}
}

// A file that lacks no more than its last rows is an error each and every time,
// whichever of libvips' threads meets the end.
func TestTruncatedAtTheEnd(t *testing.T) {
	checkLeaks(t)
	path := saved(t, photo(t, 448, 448), "jpegsave", "whole", nil)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)*97/100], 0o600); err != nil {
		t.Fatal(err)
	}
	consumers := map[string]func(*Image) error{
		"materialise": func(i *Image) error { return closed(i.Materialise(t.Context(), math.MaxInt64, "")) },
		"measure":     func(i *Image) error { _, err := Call("avg", Args{"in": i}); return err },
		"save": func(i *Image) error {
			return i.Save("jpegsave", filepath.Join(t.TempDir(), "a.jpg"), nil)
		},
	}
	for name, consume := range consumers {
		for round := range 40 {
			cut, err := Open(path, Sequential)
			if err != nil {
				t.Fatal(err)
			}
			if err := consume(cut); err == nil {
				t.Errorf("%s, round %d: the missing end went unnoticed", name, round)
			}
			cut.Close()
		}
	}
	for range 40 {
		if cut, err := Open(path, Random); err == nil {
			cut.Close()
			t.Error("random: the missing end went unnoticed")
		}
	}
}

func TestReadHeaderWild(t *testing.T) {
	tests := []struct {
		name        string
		w, h, bands int
		meaning     string
		orientation int
		icc         bool
	}{
		{"cam_canon_hdr_orient6.jpg", 2048, 1536, 3, "srgb", 6, false},
		{"cam_fuji_s1pro_q70.jpg", 600, 400, 3, "srgb", 1, true},
		{"gray_orient6_face.jpg", 0, 0, 1, "b-w", 6, false},
		{"orient_landscape_3.jpg", 0, 0, 3, "srgb", 3, false},
		{"orient_landscape_5.jpg", 0, 0, 3, "srgb", 5, false},
		{"orient_landscape_8.jpg", 0, 0, 3, "srgb", 8, false},
		{"cmyk_adobe2_channel_noprofile.jpg", 0, 0, 4, "cmyk", 1, false},
		{"ycck_adobe2_four_components.jpg", 0, 0, 4, "cmyk", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkLeaks(t)
			path := wild(t, tt.name)
			h := must[Header](t)(ReadHeader(path))
			if tt.w > 0 && (h.Width != tt.w || h.Height != tt.h) {
				t.Errorf("%d×%d, want %d×%d", h.Width, h.Height, tt.w, tt.h)
			}
			if h.Format != "jpeg" || h.Bands != tt.bands || h.Interpretation != tt.meaning || h.Orientation != tt.orientation || h.ICC != tt.icc || h.Alpha {
				t.Errorf("%+v", h)
			}
			image := opened(t, path, Sequential)
			if image.Orientation() != tt.orientation || image.Width() != h.Width {
				t.Errorf("opened: orientation %d, width %d", image.Orientation(), image.Width())
			}
		})
	}
}

// Photos as cameras and the web make them decode whole: leniency is enough.
func TestOpenWild(t *testing.T) {
	checkLeaks(t)
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(wild(t, "manifest.tsv")), "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	faulty := map[string]string{
		"odd_12bit.jpg":        "12 bits need another libjpeg",
		"ultrahdr_mpf_4mp.jpg": "the file is cut short",
	}
	for _, path := range paths {
		image, err := Open(path, Sequential)
		if err == nil {
			_, err = Call("avg", Args{"in": image})
			image.Close()
		}
		if why := faulty[filepath.Base(path)]; (err != nil) != (why != "") {
			t.Errorf("%s: %v (%s)", filepath.Base(path), err, why)
		}
	}
}

func BenchmarkOpenSave(b *testing.B) {
	image, err := FromMemory(make([]byte, 3*2000*1500), 2000, 1500, 3, "uchar")
	if err != nil {
		b.Fatal(err)
	}
	defer image.Close()
	in, out := filepath.Join(b.TempDir(), "in.jpg"), filepath.Join(b.TempDir(), "out.jpg")
	if err := image.Save("jpegsave", in, nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(image.Size())
	for b.Loop() {
		again, err := Open(in, Sequential)
		if err != nil {
			b.Fatal(err)
		}
		if err := again.Save("jpegsave", out, nil); err != nil {
			b.Fatal(err)
		}
		again.Close()
	}
}

// TestProfileOutlivesTheFile closes the file that a profile was read from.
func TestProfileOutlivesTheFile(t *testing.T) {
	checkLeaks(t)
	for format, args := range map[string]Args{"avif": {"compression": "av1"}, "heic": {"compression": "hevc"}, "png": nil} {
		saver, ok := SaverFor(format)
		if !ok {
			t.Logf("this libvips writes no %s", format)
			continue
		}
		grey, err := FromMemory(make([]byte, 64*64*3), 64, 64, 3, "uchar")
		if err != nil {
			t.Fatal(err)
		}
		defer grey.Close()
		tagged, err := grey.Do("icc_transform", Args{"input_profile": "srgb", "output_profile": "p3"})
		if err != nil {
			t.Fatal(err)
		}
		defer tagged.Close()
		path := filepath.Join(t.TempDir(), "tagged")
		if err := tagged.Save(saver, path, args); err != nil {
			t.Fatal(err)
		}
		want, _ := tagged.Blob(FieldICC)
		p, err := Open(path, Random)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 50 { // what was freed is used again
			other, err := Open(path, Sequential)
			if err != nil {
				t.Fatal(err)
			}
			other.Close()
		}
		if got, _ := p.Blob(FieldICC); !bytes.Equal(got, want) {
			t.Errorf("%s: the profile changed when its file was closed", format)
		}
	}
}
