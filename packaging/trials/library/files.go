package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// perFolder is how many photos one folder of the library holds.
const perFolder = 500

// makePhotos makes a library of n photos of which no two are equal: a few pictures,
// each with a comment of its own.
func makePhotos(folder string, n int) error {
	var pictures [][]byte
	for i := range 16 {
		img := image.NewRGBA(image.Rect(0, 0, 48, 36))
		for y := range 36 {
			for x := range 48 {
				img.Set(x, y, color.RGBA{uint8(x * (i + 1)), uint8(y * 7), uint8(16 * i), 255})
			}
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 60}); err != nil {
			return err
		}
		pictures = append(pictures, out.Bytes())
	}
	base := time.Date(2015, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range n {
		dir := filepath.Join(folder, "in", fmt.Sprintf("%04d", i/perFolder))
		if i%perFolder == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		path := filepath.Join(dir, fmt.Sprintf("%06d.jpg", i))
		if err := os.WriteFile(path, commented(pictures[i%len(pictures)], i), 0o644); err != nil {
			return err
		}
		at := base.Add(time.Duration(i)*time.Minute + time.Duration(i))
		if err := os.Chtimes(path, at, at); err != nil {
			return err
		}
	}
	return nil
}

// commented is a JPEG with a comment that bears a number.
func commented(data []byte, n int) []byte {
	text := fmt.Sprintf("photo %d", n)
	out := append([]byte(nil), data[:2]...)
	out = append(out, 0xff, 0xfe)
	out = binary.BigEndian.AppendUint16(out, uint16(len(text)+2))
	out = append(out, text...)
	return append(out, data[2:]...)
}

// file is what is compared of one; of a folder that it is there.
type file struct {
	mode    fs.FileMode
	modTime int64 // nanoseconds
	digest  [sha256.Size]byte
}

func (f file) String() string {
	return fmt.Sprintf("%s of %s, %x", f.mode, time.Unix(0, f.modTime).UTC().Format(time.RFC3339Nano), f.digest[:4])
}

// snapshot reads the tree, but for the state folder and the configuration.
func snapshot(folder string) (map[string]file, error) {
	all := map[string]file{}
	for _, part := range []string{"in", "out", "done"} {
		root := filepath.Join(folder, part)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if path == root && (err == nil || os.IsNotExist(err)) { // the daemon makes these
				return nil
			}
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(folder, path)
			if err != nil || d.IsDir() {
				all[rel] = file{mode: info.Mode()}
				return err
			}
			data, err := os.ReadFile(path)
			all[rel] = file{info.Mode(), info.ModTime().UnixNano(), sha256.Sum256(data)}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// count counts the files below a folder.
func count(folder string) (n int) {
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	return n
}
