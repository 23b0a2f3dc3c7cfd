package source

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Nobody reads a photo by its path: who may write to its folder can have put a
// link there. Content (ops.Source) and Handle lead to the file that was opened.
// The lines below take the path for what it says.
func TestNobodyReadsAPhotoByItsPath(t *testing.T) {
	path := regexp.MustCompile(`\b(Source|src)\.Path\b|\b(os|vips|jpeg|output|metadata|staging|beneath|handle|colour|damage)\.\w+\((t\.request|c\.photo|n\.photo|p|r)\.Path\b`)
	names := []string{
		`"photo", in.Source.Path`, // of a log's line
		"filepath.Base(src.Path)", // of a condition
		"os.Lstat(r.Path)",        // whether the photo of a record is where it was; nothing is read
	}
	looked := 0
	for _, root := range []string{"../../ops", "../../plugin"} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			text, err := os.ReadFile(file)
			looked++
			for line := range strings.Lines(string(text)) {
				allowed := false
				for _, name := range names {
					allowed = allowed || strings.Contains(line, name)
				}
				if path.MatchString(line) && !allowed {
					t.Errorf("%s uses the path of a photo: %s", file, strings.TrimSpace(line))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 100 {
		t.Errorf("looked at %d files only", looked)
	}
}
