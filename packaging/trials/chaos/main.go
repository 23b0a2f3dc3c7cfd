// Command chaos kills a Burnish daemon again and again while photos are
// dropped, renamed, copied slowly, doubled, deleted and cut short, and then
// checks what it promises: every photo has its outputs, complete and done
// once, nothing is left over, and no original has changed. Then it kills undo and
// redo, changes of the pipeline, with a sample first and without, and the healing of altered outputs, and checks that too.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

var (
	burnish  = flag.String("burnish", "bin/burnish", "the command to test")
	kills    = flag.Int("kills", 200, "kills of the daemon")
	drops    = flag.Int("drops", 500, "photos dropped, at least")
	undos    = flag.Int("undos", 40, "kills during undo and redo")
	changes  = flag.Int("changes", 30, "kills while outputs of a changed pipeline are made anew")
	heals    = flag.Int("heals", 20, "kills while altered outputs are made again")
	canaries = flag.Int("canaries", 6, "changes that are tried on a sample, killed, and decided on")
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random choices")
	review   = flag.Bool("review", false, "let results wait for review, and approve them")
	keep     = flag.Bool("keep", false, "keep the folder")
)

const configuration = `version: 1
state_dir: ./state
limits: {min_free_space: 0, concurrency: 2}
watch:
  - {folder: ./in, pipeline: small, output: ./out, settle: 100ms, incomplete_timeout: 1s, on_change: redo}
pipelines:
  small:
    steps:
      - resize: {width: 64, height: 64}
    outputs:
      - path: "{dir}/{stem}.png"
      - path: "{dir}/thumbs/{stem}.jpg"
        thumbnail: {width: %d, height: %d}
`

// run is one run of the program.
type run struct {
	folder string
	random *rand.Rand
	log    *os.File
	daemon *exec.Cmd
	drops  dropper

	sides   []int // of the thumbnails, as they were configured; the last is in force
	changed bool  // the pipeline was: photos are done more than once
	canary  bool  // changes are tried on a sample

	endApproval func() // with -review
}

func main() {
	flag.Parse()
	if err := chaos(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func chaos() error {
	binary, err := filepath.Abs(*burnish)
	if err != nil {
		return err
	}
	*burnish = binary
	folder, err := os.MkdirTemp("", "burnish-chaos-")
	if err != nil {
		return err
	}
	r := &run{folder: folder, random: rand.New(rand.NewPCG(*seed, 1))}
	fmt.Printf("seed %d, folder %s\n", *seed, folder)
	for _, name := range []string{"in", "staging"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			return err
		}
	}
	if err := r.configure(32); err != nil {
		return err
	}
	if r.log, err = os.Create(filepath.Join(folder, "log")); err != nil {
		return err
	}
	defer r.log.Close()
	r.drops = newDropper(folder, r.random)
	began := time.Now()
	if *review {
		if err := r.unapproved(); err != nil {
			return err
		}
		defer r.approving()()
	}
	if err := r.storm(); err != nil {
		return err
	}
	fmt.Printf("%d kills, %s in %s\n", *kills, r.drops.counts(), time.Since(began).Round(time.Second))
	if err := r.finish(); err != nil {
		return err
	}
	steps := []func() error{r.check, r.undoStorm, r.check, r.changeStorm, r.check, r.canaryStorm, r.check, r.healStorm, r.check}
	if *review {
		steps = []func() error{r.rejectRest, r.check}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("%w (everything is in %s)", err, folder)
		}
	}
	if *keep {
		return nil
	}
	return os.RemoveAll(folder)
}

// storm drops photos and kills the daemon.
func (r *run) storm() error {
	dropped := 0
	for k := range *kills {
		if err := r.start(); err != nil {
			return err
		}
		until := time.Now().Add(time.Duration(50+r.random.IntN(900)) * time.Millisecond)
		for dropped < (k+1)*(*drops) / *kills {
			if err := r.drops.drop(); err != nil {
				return err
			}
			dropped++
		}
		time.Sleep(time.Until(until))
		if err := r.kill(); err != nil {
			return err
		}
	}
	return r.drops.wait()
}

func (r *run) start() error {
	r.daemon = exec.Command(*burnish, "run", "-c", "burnish.yaml", "-v")
	r.daemon.Dir, r.daemon.Stderr = r.folder, r.log
	return r.daemon.Start()
}

// kill ends the daemon with SIGKILL. One that has ended before is a fault.
func (r *run) kill() error {
	_ = r.daemon.Process.Kill()
	_ = r.daemon.Wait()
	if status, ok := r.daemon.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		return fmt.Errorf("the daemon ended by itself: %s; see %s", r.daemon.ProcessState, r.log.Name())
	}
	return nil
}

// answers waits until the daemon answers on its socket: before that, a signal
// would end it as it ends any program.
func (r *run) answers() error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.Dial("unix", filepath.Join(r.folder, "state", "control.sock"))
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the last daemon does not answer: %w", err)
		}
	}
}

// quiet waits until the daemon has said nothing for three seconds.
func (r *run) quiet() error {
	said, since := int64(-1), time.Now()
	for deadline := time.Now().Add(10 * time.Minute); time.Since(since) < 3*time.Second; time.Sleep(200 * time.Millisecond) {
		info, err := os.Stat(r.log.Name())
		if err != nil {
			return err
		}
		if info.Size() != said {
			said, since = info.Size(), time.Now()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the last daemon is still at work after ten minutes; see %s", r.log.Name())
		}
	}
	return nil
}

// finish lets a daemon do what is left, in peace.
func (r *run) finish() error {
	began := time.Now()
	if err := r.start(); err != nil {
		return err
	}
	if err := r.answers(); err != nil {
		return err
	}
	missing := r.drops.missing()
	for deadline := time.Now().Add(10 * time.Minute); len(missing) > 0 && time.Now().Before(deadline); missing = r.drops.missing() {
		time.Sleep(200 * time.Millisecond)
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d photos have no outputs after ten minutes, %s is one; everything is in %s", len(missing), missing[0], r.folder)
	}
	// Outputs that a killed daemon published are there before this one has told its ledger of them.
	if err := r.quiet(); err != nil {
		return err
	}
	_ = r.daemon.Process.Signal(syscall.SIGTERM)
	if err := r.daemon.Wait(); err != nil {
		return fmt.Errorf("the last daemon: %w", err)
	}
	fmt.Printf("the rest took %s\n", time.Since(began).Round(time.Second))
	// What is left of the broken ones goes into quarantine; nothing else is to be done.
	return r.nothingLeft()
}

// nothingLeft starts the daemon a few times more: it has nothing to do.
func (r *run) nothingLeft() error {
	for range 3 {
		before, err := os.ReadFile(r.log.Name())
		if err != nil {
			return err
		}
		once := exec.Command(*burnish, "run", "-c", "burnish.yaml", "--once")
		once.Dir, once.Stderr = r.folder, r.log
		_ = once.Run() // 1 while broken photos are tried
		after, err := os.ReadFile(r.log.Name())
		if err != nil {
			return err
		}
		if i := bytes.Index(after[len(before):], []byte("msg=done")); i >= 0 {
			return fmt.Errorf("a later start did something again: %.200s", after[len(before)+i:])
		}
	}
	return nil
}
