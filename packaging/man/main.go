// Command man writes Burnish's manual pages: those of the commands from what
// the binary prints of itself, burnish.yaml(5) and burnish-operators(7) from the
// references. Pages are compressed reproducibly.
//
//	go run ./packaging/man -burnish bin/burnish -version 1.2.3 -out dist/man
//
// Their date is $SOURCE_DATE_EPOCH.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
)

func main() {
	burnish := flag.String("burnish", "bin/burnish", "binary that describes its commands")
	version := flag.String("version", "unknown", "version in the footer")
	config := flag.String("config", "config", "folder of the references")
	out := flag.String("out", "dist/man", "folder to write the pages to")
	flag.Parse()
	if err := run(*burnish, *version, *config, *out); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

func run(burnish, version, config, out string) error {
	pages, err := commandPages(burnish)
	if err != nil {
		return err
	}
	references, err := referencePages(config)
	if err != nil {
		return err
	}
	date, err := sourceDate()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, p := range append(pages, references...) {
		file := filepath.Join(out, fmt.Sprintf("%s.%d.gz", p.name, p.section))
		if err := writeCompressed(file, p.roff(version, date)); err != nil {
			return err
		}
	}
	return nil
}

// page is a manual page as Markdown.
type page struct {
	name    string
	section int
	title   string // of the part of the manual
	text    string
}

func (p page) roff(version string, date time.Time) []byte {
	head := fmt.Sprintf("%% %s %d \"%s\" \"Burnish %s\" \"%s\"\n\n", p.name, p.section, date.Format("2006-01-02"), version, p.title)
	roff := md2man.Render([]byte(head + p.text))
	// Code behind a list of definitions is not part of its last one.
	return bytes.ReplaceAll(roff, []byte("\n.EX\n"), []byte("\n.PP\n.EX\n"))
}

// commandPages asks the binary for its commands.
func commandPages(burnish string) ([]page, error) {
	names, err := output(burnish, "manual", "--list")
	if err != nil {
		return nil, err
	}
	var pages []page
	for _, command := range append([]string{""}, strings.Fields(names)...) {
		text, err := output(burnish, "manual", command)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix("burnish-"+command, "-")
		pages = append(pages, page{name: name, section: 1, title: "User Commands", text: text})
	}
	return pages, nil
}

func output(burnish string, arguments ...string) (string, error) {
	if arguments[len(arguments)-1] == "" {
		arguments = arguments[:len(arguments)-1]
	}
	out, err := exec.Command(burnish, arguments...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", burnish, strings.Join(arguments, " "), err)
	}
	return string(out), nil
}

func sourceDate() (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH must be seconds since 1970, got %q", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// writeCompressed writes without a name and a time, so that the same text gives
// the same file.
func writeCompressed(file string, text []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
