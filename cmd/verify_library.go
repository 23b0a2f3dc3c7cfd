package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/verify"
)

// library compares the ledger with the files.
func (c *verifyCommand) library(h *host) error {
	dir, err := c.dir(h)
	if err != nil {
		return err
	}
	var named []string
	if c.Source != "" {
		named = append([]string{c.Source}, c.Images...)
	}
	paths, err := absolute(named)
	if err != nil {
		return err
	}
	records, err := openRecords(h, dir)
	if err != nil && len(c.Images) > 0 {
		err = fmt.Errorf("%w; to compare images with the JPEG that they were restored from, add --fidelity", err)
	}
	if err != nil {
		return err
	}
	q := plugin.VerifyRequest{Paths: paths, Quick: c.Quick, Decode: c.Decode, Heal: verify.Heal(c.Heal)}
	return errors.Join(c.verify(h, records, q), records.Close())
}

func (c *verifyCommand) verify(h *host, records *records, q plugin.VerifyRequest) error {
	if q.Heal != verify.Nothing && !c.Yes && logging.IsTerminal(h.err) {
		look := q
		look.Heal = verify.Nothing
		found := verifying{host: h, command: c, began: time.Now()}
		if err := found.pages(records, look); err != nil {
			return err
		}
		n := found.kinds[verify.MissingOutput]
		what := counted(n, "missing outputs")
		if q.Heal == verify.Altered {
			what += " and " + counted(found.kinds[verify.AlteredOutput], "altered ones")
			n += found.kinds[verify.AlteredOutput]
		}
		if n == 0 {
			return found.finish(q.Paths)
		}
		if err := confirm(h, "Make "+what+" again?"); err != nil {
			return err
		}
	}
	run := verifying{host: h, command: c, began: time.Now()}
	if err := run.pages(records, q); err != nil {
		return err
	}
	return run.finish(q.Paths)
}

// verifying is one run over the records.
type verifying struct {
	*host
	command *verifyCommand
	began   time.Time
	count   verify.Count
	kinds   map[verify.Kind]int
	healed  int
}

func (v *verifying) pages(records *records, q plugin.VerifyRequest) error {
	v.kinds = map[verify.Kind]int{}
	defer clearLine(v.host)
	for {
		page, err := askOpen(v, records, api.Verify, q)
		if err != nil {
			return err
		}
		v.count.Add(page.Count)
		for _, f := range page.Findings {
			v.add(f)
		}
		if page.Done {
			return nil
		}
		statusLine(v.host, v.summary())
		q.After = page.After
		if v.Err() != nil {
			return v.Err()
		}
	}
}

func (v *verifying) add(f plugin.Finding) {
	v.kinds[f.Kind]++
	if f.Healed {
		v.healed++
	}
	clearLine(v.host)
	if v.command.JSON {
		fmt.Fprintln(v.out, jsonLine(f))
		return
	}
	text := fmt.Sprintf("%-16s  %s", f.Kind, f.File)
	if f.File != f.Photo {
		text += " (of " + f.Photo + ")"
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	if f.Healed {
		text += "; to be made again"
	}
	fmt.Fprintln(v.out, withHint(text, f.Hint))
}

func (v *verifying) summary() string {
	seconds := max(time.Since(v.began).Seconds(), 0.001)
	return fmt.Sprintf("%s, %s, %s read at %s/s", counted(v.count.Photos, "photos"), counted(v.count.Outputs, "outputs"),
		diag.Size(v.count.Bytes), diag.Size(float64(v.count.Bytes)/seconds))
}

// finish tells what the run came to.
func (v *verifying) finish(paths []string) error {
	if v.count.Photos == 0 && len(paths) > 0 {
		return errors.New("no photo there is known as done: " + diag.Printable(strings.Join(paths, ", ")))
	}
	faults := 0
	var parts []string
	for _, kind := range slices.SortedFunc(maps.Keys(v.kinds), func(a, b verify.Kind) int { return cmp.Compare(v.kinds[b], v.kinds[a]) }) {
		faults += v.kinds[kind]
		parts = append(parts, fmt.Sprintf("%d %s", v.kinds[kind], kind))
	}
	found := "all as they should be"
	if faults > 0 {
		found = strings.Join(parts, ", ")
	}
	if v.healed > 0 {
		found += fmt.Sprintf("; %d to be made again", v.healed)
	}
	if !v.command.JSON {
		fmt.Fprintf(v.err, "%s: %s\n", v.summary(), found)
	}
	if faults > v.healed {
		return errFailures
	}
	return nil
}
