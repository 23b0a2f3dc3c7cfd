package output

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// tiles is the format of deep-zoom outputs: a folder, or a zip file where the
// path ends in .zip or .szi, with the photo as a pyramid of tiles.
const tiles = "tiles"

// Tiles reports whether the output is a pyramid of tiles.
func (c Config) Tiles() bool { return c.Format == tiles }

// Folder reports whether the output of that path is a folder.
func (e Encoder) Folder(path string) bool { return e.Format == tiles && archive(path) == "" }

// archive is the container of tiles by the path's ending, "" for a folder.
func archive(path string) string {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".zip", ".szi":
		return ext[1:]
	}
	return ""
}

var suffix = regexp.MustCompile(`^\.(jpe?g|png|webp)(\[Q=\d{1,3}\])?$`)

// checkSuffix keeps options out of the tiles' suffix that name files.
func checkSuffix(value any) error {
	if text, ok := value.(string); ok && suffix.MatchString(text) {
		return nil
	}
	return fmt.Errorf("must be .jpg, .jpeg, .png or .webp, with a quality as in .jpg[Q=85], got %q", value)
}

// stageTiles writes a pyramid in sRGB, which its viewers take tiles to be in,
// without metadata, and reads every file back: of a folder its tiles as images,
// of an archive what it holds by its checksums.
func (r Request) stageTiles(ctx context.Context, img ops.Image) (_ *staging.File, err error) {
	folder, err := r.TempPrefix.NewFolder(r.root(), r.Path, img.Source.Content())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			folder.Discard()
		}
	}()
	given, _, err := colour.Display(img.Pixels)
	if err != nil {
		return nil, err
	}
	defer given.Close()
	bare, err := stripMetadata(given)
	if err != nil {
		return nil, err
	}
	defer bare.Close()
	saver, args := r.Encoder.saver()
	as := "jpeg"
	if text, _ := args["suffix"].(string); !strings.HasPrefix(text, ".j") {
		as = "png"
	}
	pixels, err := prepare(bare, Encoder{Format: as}, false)
	if err != nil {
		return nil, err
	}
	defer pixels.Close()
	args["container"], args["strip"] = "fs", true
	name := filepath.Join(folder.Temporary(), "photo")
	if kind := archive(r.Path); kind != "" {
		args["container"] = kind
		name = filepath.Join(folder.Temporary(), strings.TrimSuffix(filepath.Base(r.Path), filepath.Ext(r.Path)))
	}
	if err := pixels.SaveContext(ctx, saver, name, args); err != nil {
		return nil, err
	}
	if archive(r.Path) != "" {
		return r.takeArchive(folder)
	}
	if err := removeProperties(folder.Temporary()); err != nil {
		return nil, err
	}
	if err := verifyTiles(folder.Temporary()); err != nil {
		return nil, fmt.Errorf("the tiles that were written do not read back: %w", err)
	}
	return folder, folder.SyncAndDigest()
}

// takeArchive takes the one file out of a folder, without the times in it, so that
// equal photos become equal archives.
func (r Request) takeArchive(folder *staging.File) (*staging.File, error) {
	files, err := os.ReadDir(folder.Temporary())
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("the archive was not written: there are %d files", len(files))
	}
	s, err := r.TempPrefix.New(r.root(), folder.Path)
	if err != nil {
		return nil, err
	}
	err = copyWithoutTimes(filepath.Join(folder.Temporary(), files[0].Name()), s.Temporary())
	folder.Discard()
	if err == nil {
		err = verifyArchive(s.Temporary())
	}
	if err == nil {
		err = s.SyncAndDigest()
	}
	if err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

// propertiesFile is a file of libvips's beside the tiles, which says when it was written.
const propertiesFile = "vips-properties.xml"

// removeProperties removes it from a folder of tiles.
func removeProperties(folder string) error {
	entries, err := os.ReadDir(folder)
	folders := []string{folder}
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, filepath.Join(folder, entry.Name()))
		}
	}
	for _, folder := range folders {
		if gone := os.Remove(filepath.Join(folder, propertiesFile)); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// copyWithoutTimes copies a zip file without the times of its members.
func copyWithoutTimes(from, to string) error {
	z, err := zip.OpenReader(from)
	if err != nil {
		return err
	}
	defer z.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	w := zip.NewWriter(out)
	for _, f := range z.File {
		if path.Base(f.Name) == propertiesFile {
			continue
		}
		h := f.FileHeader
		h.Modified, h.ModifiedDate, h.ModifiedTime, h.Extra = time.Time{}, 0, 0, nil //nolint:staticcheck // raw members take these
		if err = addMember(w, f, &h); err != nil {
			break
		}
	}
	return errors.Join(err, w.Close(), out.Close())
}

func addMember(w *zip.Writer, f *zip.File, h *zip.FileHeader) error {
	in, err := f.OpenRaw()
	if err != nil {
		return err
	}
	part, err := w.CreateRaw(h)
	if err == nil {
		_, err = io.Copy(part, in)
	}
	return err
}

func verifyArchive(name string) error {
	z, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer z.Close()
	if len(z.File) == 0 {
		return errors.New("the archive is empty")
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r) // the end compares the checksum
		if err := errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// verifyTiles decodes every tile below a folder.
func verifyTiles(folder string) error {
	count := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if _, isImage := FormatOf(strings.TrimPrefix(filepath.Ext(path), ".")); !isImage {
			return nil
		}
		count++
		p, err := vips.Open(path, vips.Sequential)
		if err != nil {
			return err
		}
		defer p.Close()
		_, err = vips.Call("avg", vips.Args{"in": p})
		return err
	})
	if err == nil && count == 0 {
		err = errors.New("there are none")
	}
	return err
}
