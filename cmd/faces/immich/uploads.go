package immich

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// uploads are what was ever uploaded, so that it is known again when Immich tells
// of it as of a new photo. They are lines of a file, to which only is added.
type uploads struct {
	file      *os.File
	checksums map[string]bool // SHA-1, hexadecimal
	originals map[string]bool // ids of assets that are done
	made      map[string]bool // ids of those that they became
}

// openUploads reads the file in a folder, or makes it. A line that a crash cut
// off is passed over.
func openUploads(folder string) (*uploads, error) {
	path := filepath.Join(folder, "uploads.txt")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	u := &uploads{file: f, checksums: map[string]bool{}, originals: map[string]bool{}, made: map[string]bool{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		u.know(lines.Text())
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.WriteString("\n"); err != nil { // ends what a crash cut off
		return nil, errors.Join(err, f.Close())
	}
	return u, nil
}

func (u *uploads) know(line string) {
	kind, rest, _ := strings.Cut(line, " ")
	switch parts := strings.Fields(rest); {
	case kind == "sum" && len(parts) == 1 && len(parts[0]) == 40:
		u.checksums[parts[0]] = true
	case kind == "done" && len(parts) == 2 && isID(parts[0]) && isID(parts[1]):
		u.originals[parts[0]], u.made[parts[1]] = true, true
	}
}

// expect remembers the checksum of what is about to be uploaded. It is on the disk
// when expect returns.
func (u *uploads) expect(sha1 string) error { return u.add("sum " + sha1) }

// done remembers that an asset became another.
func (u *uploads) done(original, made string) error {
	return u.add(fmt.Sprintf("done %s %s", original, made))
}

func (u *uploads) add(line string) error {
	if _, err := u.file.WriteString("\n" + line + "\n"); err != nil { // the one before may have been cut off
		return err
	}
	u.know(line)
	return u.file.Sync()
}

// isOwn reports whether an asset is an upload: by its id, its content or its tag.
func (u *uploads) isOwn(a asset, tag string) bool {
	if u.made[a.ID] || u.checksums[hexSum(a.Checksum)] {
		return true
	}
	for _, t := range a.Tags {
		if t.Value == tag {
			return true
		}
	}
	return false
}

// hexSum is a checksum in hexadecimal that Immich tells in base64, or in
// hexadecimal already; "" of others.
func hexSum(checksum string) string {
	if sum, err := base64.StdEncoding.DecodeString(checksum); err == nil && len(sum) == 20 {
		return hex.EncodeToString(sum)
	}
	if sum, err := hex.DecodeString(checksum); err == nil && len(sum) == 20 {
		return strings.ToLower(checksum)
	}
	return ""
}

func (u *uploads) Close() error { return u.file.Close() }
