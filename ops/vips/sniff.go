package vips

import (
	"bytes"
	"io"
	"slices"

	"github.com/burnish-photo/burnish/ops/handle"
)

// sniffLength is enough for every signature below and the brands of any sane
// ISO media file.
const sniffLength = 1024

// signature is how a file of a format begins.
type signature struct {
	format string
	magic  string
	offset int
}

// signatures hold what each format's specification fixes. RIFF and ISO media
// files need a second look: see sniff.
var signatures = []signature{
	{"jpeg", "\xff\xd8\xff", 0},
	{"png", "\x89PNG\r\n\x1a\n", 0},
	{"gif", "GIF87a", 0},
	{"gif", "GIF89a", 0},
	{"webp", "WEBP", 8},
	{"raw", "II*\x00\x10\x00\x00\x00CR", 0}, // Canon
	{"tiff", "II*\x00", 0},
	{"tiff", "MM\x00*", 0},
	{"tiff", "II+\x00", 0}, // BigTIFF
	{"tiff", "MM\x00+", 0},
	{"jxl", "\xff\x0a", 0},
	{"jxl", "\x00\x00\x00\x0cJXL \r\n\x87\n", 0},
	{"jp2", "\x00\x00\x00\x0cjP  \r\n\x87\n", 0},
	{"jp2", "\xff\x4f\xff\x51", 0}, // bare codestream
	{"psd", "8BPS", 0},
	{"bmp", "BM", 0},
	{"pdf", "%PDF-", 0},
	{"exr", "\x76\x2f\x31\x01", 0},
	{"hdr", "#?RADIANCE", 0},
	{"hdr", "#?RGBE", 0},
	{"ico", "\x00\x00\x01\x00", 0},
	{"raw", "FUJIFILMCCD-RAW", 0},
	{"raw", "IIRO", 0}, // Olympus
	{"raw", "IIRS", 0},
	{"raw", "MMOR", 0},
	{"raw", "IIU\x00", 0}, // Panasonic
}

// Sniff returns the format of a file by its first bytes, never by its name:
// jpeg, png, gif, webp, tiff, avif, heif, or one of [Untrusted]; raw is a
// camera's, which can not be opened. It is "" for anything else. Errors are
// the operating system's.
func Sniff(path string) (format string, err error) {
	file, err := handle.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	return SniffReader(file, info.Size())
}

// SniffReader is [Sniff] of a file of size bytes that is open.
func SniffReader(r io.ReaderAt, size int64) (format string, err error) {
	head, err := part(r, 0, sniffLength)
	if err != nil {
		return "", err
	}
	if format = sniff(head); format != "tiff" {
		return format, nil
	}
	if raw, err := cameraRaw(r, size); raw || err != nil {
		return "raw", err
	}
	return format, nil
}

func sniff(head []byte) string {
	if format := isoMedia(head); format != "" {
		return format
	}
	for _, s := range signatures {
		if len(head) < s.offset || !bytes.HasPrefix(head[s.offset:], []byte(s.magic)) {
			continue
		}
		if s.format == "webp" && !bytes.HasPrefix(head, []byte("RIFF")) {
			continue
		}
		return s.format
	}
	return others(head)
}

// isoMedia tells AVIF from HEIF by the brands in the "ftyp" box (ISO/IEC
// 23008-12, annex B; AV1 Image File Format, section 6).
func isoMedia(head []byte) string {
	if len(head) < 16 || !bytes.Equal(head[4:8], []byte("ftyp")) {
		return ""
	}
	size := int(head[2])<<8 | int(head[3])
	box := head[8:max(12, min(size, len(head)))]
	var brands []string
	for n := 0; n+4 <= len(box); n += 4 {
		if n != 4 { // the minor version
			brands = append(brands, string(box[n:n+4]))
		}
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(brands, func(b string) bool { return slices.Contains(names, b) })
	}
	switch {
	case has("avif", "avis"):
		return "avif"
	case has("crx "): // Canon's CR3
		return "raw"
	case has("heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1"):
		return "heif"
	}
	return ""
}
