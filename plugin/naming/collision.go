package naming

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What is done where an output's name is taken, by another photo's output or
// by a file that Burnish did not make or that was changed since. An original
// is never written over.
const (
	Refuse    = "error"     // the photo fails
	Overwrite = "overwrite" // the file is replaced
	Skip      = "skip"      // the file stays and this output is not written
	Number    = "number"    // the output gets a number before its extension
)

// Numbered is the path with a number before its extension; with 0 it is the
// path itself.
func Numbered(path string, n int) string {
	if n == 0 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
}

// near is how many numbers are looked for one by one; maxListed is how many
// names of a folder are looked through for the others.
const near, maxListed = 8, 100_000

// NumberedThere are the numbered paths of which something is there, from the
// lowest number on, the path itself among them. The folder is listed, once and
// not beyond 100,000 names, only where one of the lowest numbers is there.
func NumberedThere(path string) (there []string) {
	for n := range near {
		if _, err := os.Lstat(Numbered(path, n)); err == nil {
			there = append(there, Numbered(path, n))
		}
	}
	if len(there) == 0 {
		return nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return there
	}
	defer folder.Close()
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(filepath.Base(path), ext) + "-"
	var further []int
	for seen := 0; seen < maxListed; {
		names, err := folder.Readdirnames(1024)
		for _, name := range names {
			middle, ok := strings.CutPrefix(name, stem)
			if n, err := strconv.Atoi(strings.TrimSuffix(middle, ext)); ok && err == nil && n >= near && Numbered(path, n) == filepath.Join(filepath.Dir(path), name) {
				further = append(further, n)
			}
		}
		if seen += len(names); err != nil {
			break
		}
	}
	slices.Sort(further)
	for _, n := range further {
		there = append(there, Numbered(path, n))
	}
	return there
}
