// Package docs holds the guides for operators. Its test runs the commands in
// them:
//
//	```sh              runs in a home folder with the demo's photos in ~/Pictures, and undamaged ones below
//	```sh fails        the same; the exit status must not be 0
//	```sh background   starts, and is ended with the page
//	```sh service      runs as root in the Debian of packaging/test-systemd.sh
//	```sh docker       needs an engine of containers: only its syntax is checked
//	```sh session      needs a desktop session: only its syntax is checked
//	```text            follows a block: every line must be in what it printed; "…" is anything
package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block is a fenced block of a page.
type block struct {
	line       int
	info, text string
}

var fence = regexp.MustCompile("^```(.*)$")

// blocksOf are the fenced blocks of a page, in order.
func blocksOf(t *testing.T, page string) (all []block) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for i, line := range strings.Split(string(text), "\n") {
		switch m := fence.FindStringSubmatch(line); {
		case m != nil && open == nil:
			open = &block{line: i + 1, info: m[1]}
		case m != nil:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return all
}

func TestCommandsOfTheGuides(t *testing.T) {
	if testing.Short() {
		t.Skip("restores photos")
	}
	bin := build(t)
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	for _, page := range pages {
		t.Run(strings.TrimSuffix(page, ".md"), func(t *testing.T) {
			t.Parallel()
			runPage(t, page, bin)
		})
	}
}

// build makes the command, with ONNX Runtime beside it, and returns its folder.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	library, err := filepath.Abs("../../bin/lib")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(library, filepath.Join(bin, "lib")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "burnish"), "../../cmd/burnish").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// notRun stands for what a block would have printed that is not run here.
const notRun = "\x00"

func runPage(t *testing.T, page, bin string) {
	home := t.TempDir()
	for folder, photos := range map[string]string{"Pictures": "../demo/photos", "Pictures/Undamaged": "../demo/originals"} {
		if err := os.CopyFS(filepath.Join(home, folder), os.DirFS(photos)); err != nil {
			t.Fatal(err)
		}
	}
	printed := ""
	for _, b := range blocksOf(t, page) {
		where := fmt.Sprintf("%s:%d", page, b.line)
		kind := strings.Fields(b.info + " ")
		switch {
		case b.info == "text" && printed == notRun:
		case b.info == "text":
			expect(t, where, b.text, printed)
		case len(kind) == 0 || kind[0] != "sh":
			printed = ""
		case slices.Contains([]string{"sh service", "sh docker", "sh session"}, b.info):
			if out, err := exec.Command("bash", "-n", "-c", b.text).CombinedOutput(); err != nil {
				t.Errorf("%s: %s", where, out)
			}
			printed = notRun
		case b.info == "sh background":
			background(t, home, bin, b.text)
		default:
			var err error
			printed, err = shell(home, bin, b.text)
			if failed := err != nil; failed != (b.info == "sh fails") {
				t.Fatalf("%s: %v\n%s%s", where, err, b.text, printed)
			}
		}
	}
}

func command(ctx context.Context, home, bin, text string) *exec.Cmd {
	c := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text)
	c.Dir = home
	c.Env = []string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	if cache, err := os.UserCacheDir(); err == nil { // so that examples in Go compile no library anew
		c.Env = append(c.Env, "GOCACHE="+filepath.Join(cache, "go-build"), "GOFLAGS="+os.Getenv("GOFLAGS"))
	}
	return c
}

func shell(home, bin, text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := command(ctx, home, bin, text).CombinedOutput()
	return string(out), err
}

// background starts commands and ends them with the test.
func background(t *testing.T, home, bin, text string) {
	t.Helper()
	c := command(context.Background(), home, bin, "exec "+strings.TrimSpace(text))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%s ended early: %v", text, err)
		}
		if err := c.Wait(); err != nil || t.Failed() {
			t.Logf("%s: %v\n%s", text, err, out.String())
		}
	})
}

// expect finds each line of want in what a command printed.
func expect(t *testing.T, where, want, printed string) {
	t.Helper()
	for line := range strings.Lines(want) {
		if strings.Contains(line, "Landlock") && strings.Contains(printed, "none: ask for Landlock") {
			t.Logf("%s: this machine permits no Landlock", where)
			continue
		}
		parts := strings.Split(strings.TrimSpace(line), "…")
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(strings.TrimSpace(part))
		}
		if !regexp.MustCompile(strings.Join(parts, ".*")).MatchString(printed) {
			t.Errorf("%s: %q is not in what the commands before it printed:\n%s", where, strings.TrimSpace(line), printed)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)[^):]*\)`)

// Links between the guides and to the references lead somewhere.
func TestLinksOfTheGuides(t *testing.T) {
	pages, _ := filepath.Glob("*.md")
	index, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
		if page != "README.md" && !strings.Contains(string(index), "("+page+")") {
			t.Errorf("README.md does not list %s", page)
		}
	}
}
