// Command imaginary compares Burnish with h2non/imaginary, whose requests it
// answers: the answers first, then throughput and memory for previews of
// 1024 pixels of a photo of 12 megapixels, in turns.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

var (
	burnish  = flag.String("burnish", "bin/burnish", "the command to test")
	source   = flag.String("source", "", "folder of imaginary's source, which is built; none: Burnish alone")
	photo    = flag.String("photo", "packaging/demo/photos/skyline-q30.jpg", "the JPEG that is enlarged")
	requests = flag.Int("requests", 24, "requests of a turn")
	clients  = flag.Int("clients", 8, "that send them at a time")
	turns    = flag.Int("turns", 3, "of each server")
)

func main() {
	flag.Parse()
	if err := trial(); err != nil {
		fmt.Fprintln(os.Stderr, "imaginary:", err)
		os.Exit(1)
	}
}

func trial() (err error) {
	folder, err := os.MkdirTemp("", "burnish-imaginary-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	ours, err := startBurnish(folder)
	if err != nil {
		return err
	}
	defer ours.stop()
	servers := []*server{ours}
	if *source != "" {
		theirs, err := startOriginal(folder)
		if err != nil {
			return err
		}
		defer theirs.stop()
		servers = append(servers, theirs)
		small, err := enlarged(1200, 900)
		if err != nil {
			return err
		}
		if err := compare(ours, theirs, small); err != nil {
			return err
		}
	}
	large, err := enlarged(4000, 3000)
	if err != nil {
		return err
	}
	return measure(servers, large)
}

// server is one that runs.
type server struct {
	name, url, key string
	process        *exec.Cmd
}

func (s *server) stop() {
	_ = s.process.Process.Signal(os.Interrupt) // it may have ended
	_ = s.process.Wait()
}

func startBurnish(folder string) (*server, error) {
	address, err := free()
	if err != nil {
		return nil, err
	}
	text := "version: 1\nstate_dir: " + filepath.Join(folder, "state") + "\nlisten: [" + address + "]\nfaces: {imaginary: {enabled: true}}\n" +
		"limits: {concurrency: " + strconv.Itoa(max(2, cores())) + "}\n"
	config := filepath.Join(folder, "burnish.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s := &server{name: "Burnish", url: "http://" + address + "/imaginary", process: exec.Command(*burnish, "run", "-c", config)}
	if err := s.start("http://" + address + "/livez"); err != nil {
		return nil, err
	}
	key, err := exec.Command(*burnish, "token", "create", "trial", "--scope", "submit", "-c", config).Output()
	s.key = strings.TrimSpace(string(key))
	return s, err
}

func startOriginal(folder string) (*server, error) {
	binary := filepath.Join(folder, "imaginary")
	build := exec.Command("go", "build", "-mod=mod", "-o", binary, ".")
	build.Dir, build.Env = filepath.Join(folder, "source"), append(os.Environ(), "GOFLAGS=")
	if err := os.CopyFS(build.Dir, os.DirFS(*source)); err != nil {
		return nil, err
	}
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", *source, err, out)
	}
	address, err := free()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(address)
	s := &server{name: "imaginary", url: "http://" + address, process: exec.Command(binary, "-a", host, "-p", port, "-return-size")}
	return s, s.start(s.url + "/health")
}

// start waits until it answers.
func (s *server) start(health string) error {
	if err := s.process.Start(); err != nil {
		return err
	}
	for range 1200 {
		if r, err := http.Get(health); err == nil {
			r.Body.Close()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer", s.name)
}

func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// enlarged is a JPEG of that size, with the noise of a camera.
func enlarged(width, height int) ([]byte, error) {
	f, err := os.Open(*photo)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from, err := jpeg.Decode(f)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	w, h := from.Bounds().Dx(), from.Bounds().Dy()
	for y := range height {
		for x := range width {
			r, g, b, _ := from.At(x*w/width, y*h/height).RGBA()
			noise := int(random.NormFloat64() * 5)
			clip := func(v uint32) uint8 { return uint8(min(max(int(v>>8)+noise, 0), 255)) }
			to.SetRGBA(x, y, color.RGBA{clip(r), clip(g), clip(b), 255})
		}
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, to, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}
