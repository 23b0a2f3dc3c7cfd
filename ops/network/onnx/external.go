package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/encoding/protowire"
)

// mostBytes is the size of a model that protobuf, and so ONNX Runtime, can read from
// memory.
const mostBytes = 1<<31 - 1

// Load reads a model's file, with the weights that it keeps in files beside it: what
// is returned is whole, so that its digest covers all that it computes, and that it
// opens whatever becomes of the files. Weights outside of the model's folder are
// refused.
func Load(path string) ([]byte, error) {
	file, data, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	l := loader{model: path, file: file, left: mostBytes - int64(len(data))}
	whole, err := l.message(data, wholeMessage, maxDepth)
	if errors.Is(err, errWire) || errors.Is(err, errDepth) {
		return data, nil // said where it is opened
	}
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return whole, nil
}

// readBounded reads a model's file, and says which one it was.
func readBounded(path string) (fs.FileInfo, []byte, error) {
	f, err := os.OpenFile(path, atOnce, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: must be a file", path)
	case info.Size() > mostBytes:
		return nil, nil, errTooLarge(path)
	}
	data, err := io.ReadAll(io.LimitReader(f, mostBytes))
	return info, data, err
}

// atOnce opens for reading without waiting for the other end of a pipe.
const atOnce = os.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY

func errTooLarge(what string) error {
	return fmt.Errorf("%s: models of 2 GiB and more cannot be opened: export it in half precision", what)
}

// loader puts weights into the messages that refer to them.
type loader struct {
	model string
	file  fs.FileInfo // of the model, as it was read
	left  int64       // bytes that may still be read
}

// message is data with its weights; the same slice where it has none outside.
func (l *loader) message(data []byte, kind *wire, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, errDepth
	}
	if kind == tensorMessage {
		return l.tensor(data)
	}
	var out []byte
	changed := false
	err := fields(data, func(f field) error {
		inner := kind.within(f.number)
		if inner == nil || f.body == nil {
			if changed {
				out = append(out, f.raw...)
			}
			return nil
		}
		body, err := l.message(f.body, inner, depth-1)
		if err != nil {
			return err
		}
		if same := len(body) == len(f.body) && (len(body) == 0 || &body[0] == &f.body[0]); !same && !changed {
			changed = true
			out = append(out, data[:f.at]...)
		}
		if changed {
			out = appendBytes(out, f.number, body)
		}
		return nil
	})
	if !changed {
		out = data
	}
	return out, err
}

// Fields of a TensorProto that say where its values lie.
const (
	tensorRaw      protowire.Number = 9
	tensorExternal protowire.Number = 13
	tensorLocation protowire.Number = 14
)

func (l *loader) tensor(data []byte) ([]byte, error) {
	entries, outside := map[string]string{}, false
	var name string
	var rest []byte // without the places of values
	keep := func(f field) error {
		if f.number != tensorLocation && f.number != tensorExternal {
			rest = append(rest, f.raw...)
		}
		return nil
	}
	err := fields(data, func(f field) error {
		switch f.number {
		case tensorLocation:
			outside = f.n == 1
		case tensorExternal:
			key, value, err := readEntry(f.body)
			entries[key] = value
			return err
		case tensorName:
			name = string(f.body)
		}
		return nil
	})
	if err != nil || !outside {
		return data, err
	}
	if err := fields(data, keep); err != nil {
		return nil, err
	}
	weights, err := l.read(entries)
	if err != nil {
		return nil, fmt.Errorf("weights %.60q lie in the file %.200q: %w", name, entries["location"], err)
	}
	return appendBytes(rest, tensorRaw, weights), nil
}

// read reads the part of a file that entries name.
func (l *loader) read(entries map[string]string) ([]byte, error) {
	if !filepath.IsLocal(entries["location"]) {
		return nil, errors.New("it must lie in the folder of the model: put it there, and export the model again")
	}
	f, err := l.beside(filepath.Clean(filepath.FromSlash(entries["location"])))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(errors.New("it must be a file"), err)
	}
	offset, length := int64(0), info.Size()
	for key, to := range map[string]*int64{"offset": &offset, "length": &length} {
		if text := entries[key]; text != "" {
			if *to, err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, fmt.Errorf("its %s is %.40q", key, text)
			}
		}
		if key == "offset" && entries["length"] == "" {
			length = info.Size() - offset
		}
	}
	if offset < 0 || length < 0 || offset > info.Size() || length > info.Size()-offset {
		return nil, fmt.Errorf("it has %d bytes, and %d from byte %d on are asked for: it is not the file that belongs to the model, or truncated", info.Size(), length, offset)
	}
	if l.left -= length; l.left < 0 {
		return nil, errTooLarge("the model with its weights")
	}
	weights := make([]byte, length)
	_, err = f.ReadAt(weights, offset)
	return weights, err
}

// beside opens a file that must lie in the folder of the model or, where a link
// leads to the model, in the folder of the file that was read. Links in it are
// followed as far as they stay there, whoever changes them meanwhile.
func (l *loader) beside(name string) (*os.File, error) {
	folder := filepath.Dir(l.model)
	f, err := openIn(folder, name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	// Downloads of some hubs are folders of links into one folder of files.
	path, failed := filepath.EvalSymlinks(filepath.Join(folder, name))
	model, unknown := filepath.EvalSymlinks(l.model)
	if failed != nil || unknown != nil {
		return nil, err
	}
	home := filepath.Dir(model)
	rest, outside := filepath.Rel(home, path)
	if outside != nil || !filepath.IsLocal(rest) {
		return nil, fmt.Errorf("a link leads to %s, outside of the folder of the model: put the file there", path)
	}
	root, err := os.OpenRoot(home)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if info, err := root.Stat(filepath.Base(model)); err != nil || !os.SameFile(info, l.file) {
		return nil, errors.Join(errors.New("the model was replaced while it was read: try again"), err)
	}
	return root.OpenFile(rest, atOnce, 0)
}

// openIn opens a file below a folder.
func openIn(folder, name string) (*os.File, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(name, atOnce, 0)
}

// readEntry reads a StringStringEntryProto.
func readEntry(body []byte) (key, value string, err error) {
	err = fields(body, func(f field) error {
		switch f.number {
		case entryKey:
			key = string(f.body)
		case entryValue:
			value = string(f.body)
		}
		return nil
	})
	return key, value, err
}
