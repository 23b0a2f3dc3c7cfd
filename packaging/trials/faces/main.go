// Command faces sends photos to a Burnish daemon by each of its protocols and
// checks what it promises: no request is lost under load, memory and disk stay
// bounded, jobs survive kills, webhooks arrive, and nobody is led to an address
// inside. Each protocol is a part, in a file of its own.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var (
	burnish  = flag.String("burnish", "bin/burnish", "the command to test")
	photos   = flag.String("photos", "packaging/demo/photos", "folder of JPEGs to send")
	requests = flag.Int("requests", 200, "requests of the part load")
	only     = flag.String("only", "", "parts to run, comma-separated; default: all")
	keep     = flag.Bool("keep", false, "keep the folder")
)

// part is one protocol, or one kind of stress.
type part struct {
	name string
	run  func(*trial) error
}

var parts = []part{
	{"load", load},
	{"jobs", jobsSurvive},
	{"webhooks", webhooks},
	{"forged", forged},
	{"hostile", hostile},
	{"previews", previews},
	{"kserve", kserve},
	{"immich", immich},
}

func main() {
	flag.Parse()
	if err := faces(); err != nil {
		fmt.Fprintln(os.Stderr, "faces:", err)
		os.Exit(1)
	}
}

func faces() error {
	for _, path := range []*string{burnish, photos} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	for _, p := range parts {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
			continue
		}
		t, err := begin(p.name)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		began := time.Now()
		err = p.run(t)
		if ended := t.end(); err == nil {
			err = ended
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n%s, whose end is:\n%s", p.name, err, t.log.Name(), t.tail())
		}
		if !*keep {
			if err := os.RemoveAll(t.folder); err != nil {
				return err
			}
		}
		fmt.Printf("%-9s passed in %s\n", p.name, time.Since(began).Round(100*time.Millisecond))
	}
	return nil
}
