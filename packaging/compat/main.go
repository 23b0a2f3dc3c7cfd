// Command compat compares the library's API with the one that plugin/api.txt
// records, and fails where something of that is gone or has changed. What is new
// is only named.
//
//	go run ./packaging/compat           # compare
//	go run ./packaging/compat -record   # add what is new
//	go run ./packaging/compat -break    # record the API as it is, incompatible or not
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// promised are the packages whose API is promised, and of each the names; none
// are all.
var promised = []promise{
	{pkg: "plugin"},
	{pkg: "plugin/client"},
	{pkg: "ops"},
	{pkg: "ops/builtin", names: []string{"Specs"}},
	{pkg: "ops/graph", names: []string{"Step", "Fragment"}},
	{pkg: "ops/vips", names: []string{"Args", "Call", "Image"}},
	{pkg: "plugin/output", names: []string{"Config", "New"}},
}

func main() {
	file := flag.String("file", "plugin/api.txt", "the recorded API")
	record := flag.Bool("record", false, "add what is new to the record")
	breaks := flag.Bool("break", false, "record the API as it is, incompatible or not")
	flag.Parse()
	if err := run(*file, *record, *breaks); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string, record, breaks bool) error {
	now, err := describe(promised)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil && !breaks {
		return err
	}
	gone, fresh := compare(lines(string(text)), now)
	if len(gone) > 0 && !breaks {
		return fmt.Errorf("the API of the library lost what %s promises:\n  %s\nbring it back, or record the break with: go run ./packaging/compat -break", file, strings.Join(gone, "\n  "))
	}
	if !record && !breaks {
		if len(fresh) > 0 {
			fmt.Printf("the API of the library grew by %d lines; make api records them\n", len(fresh))
		}
		return nil
	}
	return os.WriteFile(file, []byte(header+strings.Join(now, "\n")+"\n"), 0o644)
}

const header = `# What the library promises to its hosts, a feature a line: see README.md, "Compatibility".
# make api adds what is new. A line goes with a break only.
`

// lines are those of a record without comments.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// compare tells what is in one description alone.
func compare(before, now []string) (gone, fresh []string) {
	for _, line := range before {
		if !slices.Contains(now, line) {
			gone = append(gone, line)
		}
	}
	for _, line := range now {
		if !slices.Contains(before, line) {
			fresh = append(fresh, line)
		}
	}
	return gone, fresh
}
