package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// dropper makes photos arrive, and knows what is to come of them.
type dropper struct {
	folder string
	random *rand.Rand

	mu     *sync.Mutex
	slow   *sync.WaitGroup
	faults *error
	valid  map[string][]byte // whole photos that are there, by path below in
	broken map[string][]byte // cut ones
	ever   map[string]bool   // whole photos that were ever there
	made   map[string]int
	next   int
}

func newDropper(folder string, random *rand.Rand) dropper {
	return dropper{
		folder: folder, random: random, mu: &sync.Mutex{}, slow: &sync.WaitGroup{}, faults: new(error),
		valid: map[string][]byte{}, broken: map[string][]byte{}, ever: map[string]bool{}, made: map[string]int{},
	}
}

func (d *dropper) path(name string) string { return filepath.Join(d.folder, "in", name) }

// drop does one thing at random.
func (d *dropper) drop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	name := fmt.Sprintf("%s%05d.jpg", []string{"", "sea/", "sea/2026/"}[d.random.IntN(3)], d.next)
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o755); err != nil {
		return err
	}
	kind := d.random.IntN(10)
	old, some := d.any()
	switch {
	case kind == 0 && some: // renamed
		d.made["renamed"]++
		data := d.valid[old]
		delete(d.valid, old)
		d.valid[name], d.ever[name] = data, true
		return os.Rename(d.path(old), d.path(name))
	case kind == 1 && some: // deleted
		d.made["deleted"]++
		delete(d.valid, old)
		return os.Remove(d.path(old))
	case kind == 2 && some: // doubled
		d.made["doubled"]++
		data := d.valid[old]
		d.valid[name], d.ever[name] = data, true
		return d.moveIn(name, data)
	case kind == 3: // cut short
		d.made["cut short"]++
		data := d.photo()
		d.broken[name] = data[:len(data)*6/10]
		return d.moveIn(name, d.broken[name])
	case kind <= 5:
		d.made["copied slowly"]++
		d.copySlowly(name, d.photo())
		return nil
	}
	d.made["moved in"]++
	data := d.photo()
	d.valid[name], d.ever[name] = data, true
	return d.moveIn(name, data)
}

// any is a whole photo that is there.
func (d *dropper) any() (string, bool) {
	if len(d.valid) == 0 {
		return "", false
	}
	names := slices.Sorted(maps.Keys(d.valid))
	return names[d.random.IntN(len(names))], true
}

// moveIn writes the file elsewhere and gives it its name in one step.
func (d *dropper) moveIn(name string, data []byte) error {
	staged := filepath.Join(d.folder, "staging", "file")
	if err := os.WriteFile(staged, data, 0o644); err != nil {
		return err
	}
	return os.Rename(staged, d.path(name))
}

// copySlowly writes under the final name, a piece at a time.
func (d *dropper) copySlowly(name string, data []byte) {
	d.slow.Go(func() {
		f, err := os.Create(d.path(name))
		for i := 0; i < 6 && err == nil; i++ {
			_, err = f.Write(data[len(data)*i/6 : len(data)*(i+1)/6])
			time.Sleep(60 * time.Millisecond)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		*d.faults = errors.Join(*d.faults, err, f.Close())
		d.valid[name], d.ever[name] = data, true
	})
}

func (d *dropper) wait() error {
	d.slow.Wait()
	return *d.faults
}

// photo is a JPEG that no other equals.
func (d *dropper) photo() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 160+d.random.IntN(160), 120+d.random.IntN(120)))
	a, b, c := d.random.IntN(256), 1+d.random.IntN(9), 1+d.random.IntN(9)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			img.Set(x, y, color.RGBA{uint8(a + x*b), uint8(y*c + d.next), uint8(d.random.IntN(64)), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 80}); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (d *dropper) counts() string {
	var parts []string
	for _, kind := range []string{"moved in", "copied slowly", "doubled", "renamed", "deleted", "cut short"} {
		parts = append(parts, fmt.Sprintf("%d %s", d.made[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// outputs are the names of a photo's outputs below out.
func outputs(name string) []string {
	stem := strings.TrimSuffix(filepath.Base(name), ".jpg")
	return []string{
		filepath.Join(filepath.Dir(name), stem+".png"),
		filepath.Join(filepath.Dir(name), "thumbs", stem+".jpg"),
	}
}

// missing are the whole photos that lack an output.
func (d *dropper) missing() (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.valid {
		for _, o := range outputs(name) {
			if _, err := os.Stat(filepath.Join(d.folder, "out", o)); errors.Is(err, fs.ErrNotExist) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}
