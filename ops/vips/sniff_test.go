package vips

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestSniffBytes(t *testing.T) {
	tests := []struct {
		name, head, want string
	}{
		{"jpeg", "\xff\xd8\xff\xe0\x00\x10JFIF", "jpeg"},
		{"jpeg without JFIF", "\xff\xd8\xff\xdb", "jpeg"},
		{"half a jpeg marker", "\xff\xd8", ""},
		{"png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "png"},
		{"png mangled by a text transfer", "\x89PNG\n\x1a\n", ""},
		{"gif", "GIF89a\x01\x00", "gif"},
		{"webp", "RIFF\x10\x00\x00\x00WEBPVP8 ", "webp"},
		{"wave", "RIFF\x10\x00\x00\x00WAVEfmt ", ""},
		{"webp without riff", "JUNK\x10\x00\x00\x00WEBPVP8 ", ""},
		{"tiff", "II*\x00\x08\x00\x00\x00", "tiff"},
		{"big tiff", "MM\x00+\x00\x08\x00\x00", "tiff"},
		{"avif", "\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miafMA1B", "avif"},
		{"avif by a compatible brand", "\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "avif"},
		{"heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "heif"},
		{"brand beyond the box", "\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isomavif", ""},
		{"mp4", "\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", ""},
		{"box of no size", "\x00\x00\x00\x00ftypheic\x00\x00\x00\x00", "heif"},
		{"jxl codestream", "\xff\x0a\x00\x00", "jxl"},
		{"jxl container", "\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"},
		{"jp2", "\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"},
		{"bmp", "BM\x36\x00\x00\x00", "bmp"},
		{"svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"},
		{"svg with a head", "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by hand -->\n<svg/>", "svg"},
		{"html", "<html><body>", ""},
		{"text on svg", "a <svg> is no picture here", ""},
		{"pdf", "%PDF-1.7", "pdf"},
		{"ppm", "P6\n2 2\n255\n", "ppm"},
		{"PostScript", "P\x00\x01", ""},
		{"exr", "\x76\x2f\x31\x01\x02\x00\x00\x00", "exr"},
		{"hdr", "#?RADIANCE\n", "hdr"},
		{"cr2", "II*\x00\x10\x00\x00\x00CR\x02\x00", "raw"},
		{"cr3", "\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "raw"},
		{"raf", "FUJIFILMCCD-RAW 0201", "raw"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		if got := sniff([]byte(tt.head)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, s := range signatures {
		f.Add([]byte(s.magic))
	}
	f.Add([]byte("\x00\x00\xff\xffftypheic\x00\x00\x00\x00mif1"))
	f.Fuzz(func(t *testing.T, head []byte) {
		format := sniff(head)
		if format != "" && len(head) < 2 {
			t.Errorf("%q read from %d bytes", format, len(head))
		}
	})
}

func TestSniffFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := Sniff(filepath.Join(dir, "absent.jpg")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
	if _, err := Sniff(dir); err == nil {
		t.Error("a directory has no error")
	}
	path := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(path, []byte("GIF89a, whatever the name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	if format, err := Sniff(path); format != "gif" || err != nil {
		t.Errorf("got %q, %v; want gif", format, err)
	}
}
