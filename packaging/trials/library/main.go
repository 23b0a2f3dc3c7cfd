// Command library takes a large library of small photos through its life: scan,
// plan, a run that is killed three times, verification, a change of one output,
// and an undo of everything, which is killed once. It prints what each step takes
// in time and memory, and checks that the tree is in the end what it was, byte for
// byte and by time stamps.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

var (
	burnish = flag.String("burnish", "bin/burnish", "the command to test")
	photos  = flag.Int("photos", 200_000, "photos in the library")
	keep    = flag.Bool("keep", false, "keep the folder")
	parent  = flag.String("folder", "", "where the library is made; default: the temporary folder")
	quick   = flag.Bool("no-plan", false, "leave the plan out")
)

const configuration = `version: 1
state_dir: ./state
limits: {min_free_space: 0, concurrency: 4}
watch:
  - {folder: ./in, pipeline: small, output: ./out, settle: 100ms, on_change: redo%s}
pipelines:
  small:
    steps:
      - resize: {width: 24, height: 24}
    outputs:
      - path: "{dir}/{stem}.png"
      - path: "{dir}/thumbs/{stem}.jpg"
        thumbnail: {width: %d, height: %d}
`

func main() {
	flag.Parse()
	if err := library(); err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
}

func library() (err error) {
	if *burnish, err = filepath.Abs(*burnish); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(*parent, "burnish-library-")
	if err != nil {
		return err
	}
	t := &trial{folder: folder}
	fmt.Printf("%d photos in %s\n", *photos, folder)
	if err := t.run(); err != nil {
		return fmt.Errorf("%w (everything is in %s)", err, folder)
	}
	if *keep {
		return nil
	}
	return os.RemoveAll(folder)
}

// trial is one life of a library.
type trial struct {
	folder string
	before map[string]file
}

func (t *trial) run() error {
	began := time.Now()
	if err := makePhotos(t.folder, *photos); err != nil {
		return err
	}
	if err := t.configure(12, ""); err != nil {
		return err
	}
	var err error
	if t.before, err = snapshot(t.folder); err != nil {
		return err
	}
	fmt.Printf("%-34s %8s\n", "made and looked at", time.Since(began).Round(time.Second))
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"plan", t.plan}, {"run", t.process}, {"verify", t.verify}, {"change", t.change}, {"archive", t.archive}, {"undo", t.undo}, {"compare", t.compare},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (t *trial) configure(side int, more string) error {
	return os.WriteFile(filepath.Join(t.folder, "burnish.yaml"), fmt.Appendf(nil, configuration, more, side, side), 0o644)
}

func (t *trial) plan() error {
	if *quick {
		return nil
	}
	return t.burnish("plan --summary", "plan", "-c", "burnish.yaml", "--summary", "in")
}

// process runs to the end, killed at a quarter, a half and three quarters.
func (t *trial) process() error {
	for quarter := 1; quarter <= 3; quarter++ {
		if err := t.killed(fmt.Sprintf("run, killed at %d %%", 25*quarter), "out", *photos*quarter/2, runOnce...); err != nil {
			return err
		}
	}
	if err := t.burnish("run, the rest", runOnce...); err != nil {
		return err
	}
	t.ledger()
	return t.expect("out", 2**photos)
}

var runOnce = []string{"run", "-c", "burnish.yaml", "--once"}

// expect counts the files in a folder.
func (t *trial) expect(folder string, want int) error {
	if n := count(filepath.Join(t.folder, folder)); n != want {
		return fmt.Errorf("%d files are in %s, want %d", n, folder, want)
	}
	return nil
}

func (t *trial) verify() error {
	if err := t.burnish("verify, every byte", "verify", "-c", "burnish.yaml"); err != nil {
		return err
	}
	return t.burnish("verify --quick", "verify", "-c", "burnish.yaml", "--quick")
}

// change changes one of two outputs, which alone is made again.
func (t *trial) change() error {
	if err := t.configure(16, ""); err != nil {
		return err
	}
	if err := t.burnish("run, one output changed", runOnce...); err != nil {
		return err
	}
	t.ledger()
	return t.expect("out", 2**photos)
}

// archive moves all originals.
func (t *trial) archive() error {
	if err := t.configure(16, ", on_success: {move: ./done}"); err != nil {
		return err
	}
	if err := t.burnish("run, originals archived", runOnce...); err != nil {
		return err
	}
	return t.expect("done", *photos)
}

// undo undoes everything, killed on the way. What is undone stays so.
func (t *trial) undo() error {
	undo := []string{"undo", "-c", "burnish.yaml", "--since", "2000-01-01", "--yes"}
	if err := t.killed("undo, killed at 50 %", "done", -*photos/2, undo...); err != nil {
		return err
	}
	if err := t.burnish("undo, the rest", undo...); err != nil {
		return err
	}
	t.ledger()
	if err := t.compare(); err != nil {
		return err
	}
	return t.burnish("run, nothing to do", runOnce...)
}

// compare finds every file that is not as it was, or is there and was not.
func (t *trial) compare() error {
	after, err := snapshot(t.folder)
	if err != nil {
		return err
	}
	faults := 0
	fault := func(what, path string) {
		if faults++; faults <= 10 {
			fmt.Println("FAULT:", what, path)
		}
	}
	for path, was := range t.before {
		now, there := after[path]
		switch {
		case !there:
			fault("is gone:", path)
		case now != was:
			fault(fmt.Sprintf("was %v and is %v:", was, now), path)
		}
	}
	for path := range after {
		if _, was := t.before[path]; !was {
			fault("was not there:", path)
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d files or folders are not as they were", faults)
	}
	fmt.Printf("%-34s %d files and folders, byte for byte and by time stamps\n", "the tree is as it was", len(after))
	return nil
}

func (t *trial) ledger() {
	info, err := os.Stat(filepath.Join(t.folder, "state", "ledger.db"))
	if err != nil {
		fmt.Println("FAULT: no ledger:", err)
		return
	}
	fmt.Printf("%-34s %8.1f MB, %d bytes a photo\n", "ledger", float64(info.Size())/1e6, info.Size()/int64(*photos))
}

var errEnded = errors.New("it ended before it could be killed")
