package vips

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	govips "github.com/davidbyttow/govips/v2/vips"
)

// lifeEnv makes the test binary run life in place of its tests, since libvips
// starts and stops once in a process.
const lifeEnv = "VIPS_TEST_LIFE"

func TestLife(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lifeEnv+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func life() int {
	err := errors.Join(
		refuses("before Start", errIdle),
		Start(Options{Log: slog.New(slog.DiscardHandler)}),
		Start(Options{Concurrency: 99}),
	)
	image, bad := FromMemory([]byte{1}, 1, 1, 1, "uchar")
	if err = errors.Join(err, bad); err == nil {
		image.Close()
	}
	Stop()
	Stop()
	err = errors.Join(err, refuses("after Stop", errStopped))
	if !errors.Is(Start(Options{}), errStopped) {
		err = errors.Join(err, errors.New("started twice"))
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// refuses checks that nothing reaches libvips, and that each says why.
func refuses(when string, why error) error {
	_, call := Call("black", Args{"width": 1, "height": 1})
	_, memory := FromMemory([]byte{1}, 1, 1, 1, "uchar")
	_, open := Open("vips_test.go", Sequential)
	_, header := ReadHeader("vips_test.go")
	_, list := Operations()
	for n, err := range []error{call, memory, open, header, list} {
		if !errors.Is(err, why) {
			return fmt.Errorf("%s, %d: %v", when, n, err)
		}
	}
	if _, ok := Lookup("black"); ok {
		return fmt.Errorf("%s: operations are known", when)
	}
	return nil
}

func TestVersionAndMemory(t *testing.T) {
	if !regexp.MustCompile(`^8\.\d+\.\d+$`).MatchString(Version()) {
		t.Errorf("version %q", Version())
	}
	if now, high := Memory(); now < 0 || high < now {
		t.Errorf("%d bytes now, at most %d", now, high)
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	log := logTo(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log("VIPS", govips.LogLevelWarning, "error in tile 0 x 512")
	log("GLib", govips.LogLevelCritical, "assertion failed")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `level=DEBUG msg="error in tile 0 x 512" from=VIPS`) || !strings.Contains(lines[1], "level=ERROR") {
		t.Errorf("logged %q", lines)
	}
}

// What libvips has loaded tells its own version.
func TestCodecs(t *testing.T) {
	for name, version := range Codecs() {
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
			t.Errorf("%s: version %q", name, version)
		}
	}
	if safe, _ := Readable(); slices.Contains(safe, "webp") && Codecs()["libwebp"] == "" {
		t.Error("WebP is read by a library of no version")
	}
}
