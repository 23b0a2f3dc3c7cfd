package container

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"strconv"
)

// ImageMagick and what is built on it keep the blocks of other formats in texts
// of a PNG: under the keyword "Raw profile type NAME" stand the name again, the
// length and the bytes as hexadecimal digits.
const rawProfile = "Raw profile type "

// takeText takes in a text chunk that holds a block, where none of its kind was
// there before it. Texts that unfold to more than is left are passed over.
func (m *Metadata) takeText(chunk string, data []byte, left *budget) {
	keyword, rest, _ := bytes.Cut(data, []byte{0})
	name, raw := bytes.CutPrefix(keyword, []byte(rawProfile))
	packet := string(keyword)+"\x00" == pngXMP // in a chunk that is not for it
	if !raw && !packet {
		return
	}
	block, ok := unfold(chunk, rest, left)
	switch {
	case !ok:
		return
	case packet:
		name = []byte("xmp")
	default:
		block = rawBytes(block, left)
	}
	set := func(into *[]byte, value []byte) {
		if len(*into) == 0 && len(value) > 0 {
			*into = value
		}
	}
	switch string(bytes.ToLower(name)) {
	case "exif", "app1":
		if packet, ok := bytes.CutPrefix(block, []byte(jpegXMP)); ok {
			set(&m.XMP, packet)
		} else {
			set(&m.EXIF, bytes.TrimPrefix(block, []byte(jpegEXIF)))
		}
	case "xmp":
		set(&m.XMP, bytes.TrimPrefix(block, []byte(jpegXMP)))
	case "iptc", "8bim":
		block = bytes.TrimPrefix(block, []byte(jpegIPTC))
		if bytes.HasPrefix(block, []byte("8BIM")) {
			block = resource(block, iptcID)
		}
		set(&m.IPTC, block)
	}
}

// unfold is the text of a tEXt, zTXt or iTXt chunk behind its keyword.
func unfold(chunk string, data []byte, left *budget) (text []byte, ok bool) {
	compressed := chunk == "zTXt"
	switch {
	case chunk == "tEXt":
	case chunk == "zTXt" && len(data) > 0 && data[0] == 0:
		data = data[1:]
	case chunk == "iTXt" && len(data) > 2:
		compressed = data[0] == 1
		_, data, _ = bytes.Cut(data[2:], []byte{0}) // language
		_, data, ok = bytes.Cut(data, []byte{0})    // translated keyword
		if !ok {
			return nil, false
		}
	default:
		return nil, false
	}
	if !compressed {
		return data, true
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, false
	}
	text, err = io.ReadAll(io.LimitReader(z, int64(*left)+1))
	if left.spend(int64(len(text))) != nil {
		*left = 0
		return nil, false
	}
	return text, err == nil
}

// rawBytes are the bytes that a text of that kind stands for; nil where it is
// none, or says another length than it has.
func rawBytes(text []byte, left *budget) []byte {
	text = bytes.TrimLeft(text, "\n\r ")
	_, text, _ = bytes.Cut(text, []byte{'\n'}) // the name again
	length, text, ok := bytes.Cut(bytes.TrimLeft(text, " "), []byte{'\n'})
	n, err := strconv.Atoi(string(bytes.TrimSpace(length)))
	if !ok || err != nil || n < 1 || n > len(text)/2 || left.spend(int64(n)) != nil {
		return nil
	}
	digits := make([]byte, 0, 2*n)
	for _, c := range text {
		if c > ' ' && len(digits) < 2*n {
			digits = append(digits, c)
		}
	}
	block := make([]byte, n)
	if got, err := hex.Decode(block, digits); err != nil || got != n {
		return nil
	}
	return block
}
