package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/png" // the outputs' format
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var doneLine = regexp.MustCompile(`(?m)msg=done photo=(\S+)(.*)$`)

// check finds every broken promise.
func (r *run) check() error {
	faults := append(r.checkOriginals(), r.checkOutputs()...)
	faults = append(faults, r.checkDoneOnce()...)
	faults = append(faults, r.checkProcesses()...)
	faults = append(faults, r.checkReview()...)
	for _, f := range faults {
		fmt.Println("FAULT:", f)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d promises were broken", len(faults))
	}
	fmt.Printf("%d photos have their outputs, complete; %d broken ones have none; every original is as it was; nothing is left over\n", len(r.drops.valid), len(r.drops.broken))
	return nil
}

func (r *run) checkOriginals() (faults []error) {
	for _, set := range []map[string][]byte{r.drops.valid, r.drops.broken} {
		for name, want := range set {
			got, err := os.ReadFile(r.drops.path(name))
			if err == nil && !bytes.Equal(got, want) {
				err = errors.New("its bytes are others")
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("the original %s is not as it was: %w", name, err))
			}
		}
	}
	return faults
}

// checkOutputs decodes the outputs, and reports those that nobody asked for.
func (r *run) checkOutputs() (faults []error) {
	expected := map[string]bool{} // and whether it must be there, made by the pipeline as it is
	for name := range r.drops.ever {
		_, there := r.drops.valid[name]
		for _, o := range outputs(name) {
			expected[o] = there
		}
	}
	root := filepath.Join(r.folder, "out")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		there, ok := expected[name]
		if !ok {
			faults = append(faults, fmt.Errorf("%s is there and should not be", name))
			return nil
		}
		delete(expected, name)
		return r.decodes(path, there)
	})
	if err != nil {
		faults = append(faults, err)
	}
	for name, must := range expected {
		if must {
			faults = append(faults, fmt.Errorf("the output %s is missing", name))
		}
	}
	left, _ := filepath.Glob(filepath.Join(r.folder, "state", "burnish-scratch-*"))
	for _, l := range left {
		faults = append(faults, fmt.Errorf("%s is left", l))
	}
	return faults
}

// decodes checks a picture. The thumbnail of a photo that is gone may be of any
// pipeline that there was.
func (r *run) decodes(path string, there bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	sides := []int{64}
	if strings.Contains(path, "/thumbs/") {
		sides = r.sides
		if there {
			sides = sides[len(sides)-1:]
		}
	}
	if b := img.Bounds(); !slices.Contains(sides, max(b.Dx(), b.Dy())) {
		return fmt.Errorf("%s is %v; the pipeline makes it of side %d", path, b, sides)
	}
	return nil
}

// checkDoneOnce reads the log: names are used once, so no photo is done twice.
func (r *run) checkDoneOnce() (faults []error) {
	log, err := os.ReadFile(r.log.Name())
	if err != nil {
		return []error{err}
	}
	if r.changed {
		return nil
	}
	times, copied := map[string]int{}, 0
	for _, m := range doneLine.FindAllStringSubmatch(string(log), -1) {
		times[m[1]]++
		if strings.Contains(m[2], "the same content as") {
			copied++
		}
	}
	for photo, n := range times {
		if n > 1 {
			faults = append(faults, fmt.Errorf("%s was done %d times", photo, n))
		}
	}
	fmt.Printf("%d photos were reported as done, %d of them from an equal one\n", len(times), copied)
	return faults
}

// checkProcesses looks for workers that outlived their daemon.
func (r *run) checkProcesses() (faults []error) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && cwd == r.folder {
			faults = append(faults, errors.New(filepath.Dir(link)+" still runs"))
		}
	}
	return faults
}
