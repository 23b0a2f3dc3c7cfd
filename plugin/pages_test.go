package plugin_test

import (
	"archive/zip"
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

func outputs(lines ...string) string {
	all := strings.Split(small, "outputs:")[0] + "outputs:\n"
	for _, l := range lines {
		all += "      - " + l + "\n"
	}
	return all
}

// pages writes a file of three pages of 100×80 pixels.
func (b *fixture) pages(name, saver string) string {
	b.Helper()
	pixels := make([]byte, 100*240*3)
	for i := range pixels {
		pixels[i] = byte(i/(100*80*3)*90 + i%3*20)
	}
	p, err := vips.FromMemory(pixels, 100, 240, 3, "uchar")
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	path := b.path("in/" + name)
	if err := p.Save(saver, path, vips.Args{"page_height": 80}); err != nil {
		b.Fatal(err)
	}
	return path
}

func TestPages(t *testing.T) {
	b := newFixture(t, outputs(`path: "{stem}.png"`))
	tif, gif := b.pages("scan.tif", "tiffsave"), b.pages("film.gif", "gifsave")
	if r := b.done(tif); r.Notes["pages"] != "1 of 3" || len(r.Outputs) != 1 {
		t.Errorf("the first page alone: %+v", r)
	}
	b.config = outputs(`path: "{stem}.png"`) + "    pages: skip\n"
	b.reopen()
	b.skipped(gif, "3 pages")
	b.done(b.photo("one.jpg", 20, 20, 1))

	b.config = outputs(`path: "{stem}.{page}.jpg"`, `path: "{stem}.all.gif"`, `path: "{stem}.all.webp"`, `path: "{stem}.all.tif"`) + "    pages: all\n"
	for _, path := range []string{tif, gif} {
		b.reopen()
		r := b.done(path)
		if len(r.Outputs) != 6 {
			t.Errorf("%s became %v", path, r.Outputs)
		}
		for _, o := range r.Outputs {
			h, err := vips.ReadHeader(o.Path)
			want := 1
			if strings.Contains(o.Path, ".all.") {
				want = 3
			}
			if err != nil || h.Pages != want || h.Width != 64 || h.Height != 51 {
				t.Errorf("%s: %+v, %v", o.Path, h, err)
			}
		}
	}
	// The second page differs from the first.
	psnr, err := tools.PSNR(b.path("out/scan.1.jpg"), b.path("out/scan.2.jpg"))
	if err != nil || psnr > 15 {
		t.Errorf("page 2 is page 1: %.1f dB, %v", psnr, err)
	}
}

// TestEqualFrames: the encoder of WebP makes one of them.
func TestEqualFrames(t *testing.T) {
	b := newFixture(t, outputs(`path: "{stem}.webp"`, `path: "{stem}.film.gif"`, `path: "{stem}.again.tif"`)+"    pages: all\n")
	pixels := make([]byte, 100*240*3)
	for i := range pixels[100*160*3:] {
		pixels[100*160*3+i] = byte(i % 251)
	}
	p, err := vips.FromMemory(pixels, 100, 240, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	scan := b.path("in/blank.tif")
	if err := p.Save("tiffsave", scan, vips.Args{"page_height": 80}); err != nil {
		t.Fatal(err)
	}
	for _, o := range b.done(scan).Outputs {
		film, err := vips.Open(o.Path, vips.Sequential)
		if err != nil {
			t.Fatal(err)
		}
		defer film.Close()
		n, _ := film.Int("n-pages")
		delays, _ := film.Ints("delay")
		merged := o.Format == "gif" && n == 2 // by libvips 8.16
		if o.Format != "webp" && n != 3 && !merged || o.Format == "webp" && !slices.Equal(delays, []int{200, 100}) {
			t.Errorf("%s: %d pages of %v ms", o.Format, n, delays)
		}
	}
}

// TestOneFrameIsLeft of a film whose frames are all equal: a still.
func TestOneFrameIsLeft(t *testing.T) {
	b := newFixture(t, outputs(`path: "{stem}.webp"`)+"    pages: all\n")
	p, err := vips.FromMemory(make([]byte, 100*160*3), 100, 160, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	scan := b.path("in/blank.tif")
	if err := p.Save("tiffsave", scan, vips.Args{"page_height": 80}); err != nil {
		t.Fatal(err)
	}
	b.done(scan)
}

func TestTiles(t *testing.T) {
	b := newFixture(t, outputs(`{path: "{stem}", tiles: {tile_size: 32, suffix: .png}}`, `{path: "{stem}.zip", tiles: {layout: google}}`), plugin.WithLedger())
	path := b.photo("one.jpg", 60, 50, 1)
	r := b.done(path)
	if len(r.Outputs) != 2 || r.Outputs[0].Format != "tiles" {
		t.Errorf("became %+v", r.Outputs)
	}
	got := b.files("out/one")
	for _, want := range []string{"out/one/photo.dzi", "out/one/photo_files/6/1_1.png"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing among %v", want, got)
		}
	}
	z, err := zip.OpenReader(b.path("out/one.zip"))
	if err != nil || len(z.File) < 2 {
		t.Errorf("%v", err)
	} else {
		z.Close()
	}
	// Done again with other options it is replaced; not where it was changed.
	b.config = strings.Replace(b.config, "tile_size: 32", "tile_size: 64", 1)
	b.reopen()
	b.done(path)
	if got := b.files("out/one"); slices.Contains(got, "out/one/photo_files/6/1_1.png") {
		t.Errorf("the old tiles are still there: %v", got)
	}
	if err := os.WriteFile(b.path("out/one/mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	b.config = strings.Replace(b.config, "tile_size: 64", "tile_size: 32", 1)
	b.reopen()
	b.fails(path, plugin.Conflict, "not as Burnish made it")
	for _, name := range b.files("out") {
		if strings.Contains(name, ".burnish-") {
			t.Errorf("%s is left over", name)
		}
	}
}

func TestOwnOutputsAreRecognisedAfterARename(t *testing.T) {
	b := newFixture(t, outputs(`path: "{stem}.jpg"`, `path: "{stem}.webp"`, `path: "{stem}.gif"`, `path: "{stem}.avif"`, `path: "{stem}.jxl"`, `path: "{stem}.tif"`, `path: "{stem}.png"`), plugin.WithLedger())
	r := b.done(b.photo("one.jpg", 90, 70, 1))
	// Another machine's ledger knows nothing of them.
	if err := os.RemoveAll(b.path("state")); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	for _, o := range r.Outputs {
		data, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		job := b.job(b.write("in/renamed."+o.Format, data))
		job.Allow = []string{"jxl"}
		if result, err := b.engine.Process(t.Context(), job); err != nil || result.State != plugin.Skipped || !strings.HasPrefix(result.Reason, "made by Burnish") {
			t.Errorf("%s: %+v, %v", o.Path, result, err)
		}
		if e, err := tools.Explain(o.Path); err != nil || e.Provenance == nil || e.Provenance.Pipeline != "small" || len(e.Provenance.Source) != 64 {
			t.Errorf("%s: %+v, %v", o.Path, e, err)
		}
	}
}

// A photo's memory is free for the next only when its pages are closed.
func TestPagesAreClosedBeforeTheirMemoryIsReleased(t *testing.T) {
	live := &atReleases{Handler: slog.DiscardHandler}
	b := newFixture(t, outputs(`path: "{stem}.all.gif"`)+"    pages: all\n", plugin.WithLog(slog.New(live)))
	tif := b.pages("scan.tif", "tiffsave")
	before := vips.Live()
	b.done(tif)
	if len(live.images) != 1 || live.images[0] != before {
		t.Errorf("images open when memory was released: %v, before: %d", live.images, before)
	}
}

// atReleases counts the images that are open when a photo's memory is released.
type atReleases struct {
	slog.Handler
	images []int
}

func (*atReleases) Enabled(context.Context, slog.Level) bool { return true }

func (a *atReleases) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "memory of a photo" {
		a.images = append(a.images, vips.Live())
	}
	return nil
}

func TestPagesArePlanned(t *testing.T) {
	b := newFixture(t, small)
	for _, test := range []struct {
		pages, reason string
		taken         int
	}{{"first", "", 1}, {"all", "", 3}, {"skip", "it has 3 pages, which the pipeline passes over", 0}} {
		b.config = outputs(`path: "{stem}.{page}.png"`) + "    pages: " + test.pages + "\n"
		b.reopen()
		plan, err := b.engine.Plan(t.Context(), b.job(b.pages("scan.tif", "tiffsave")))
		if err != nil || plan.Pages != 3 || plan.Taken != test.taken || plan.Reason != test.reason {
			t.Errorf("%s: %+v, %v", test.pages, plan, err)
		}
		if test.taken > 0 && (len(plan.Outputs) != 1 || plan.Outputs[0].Path != b.path("out/scan.1.png")) {
			t.Errorf("%s: outputs %v", test.pages, plan.Outputs)
		}
	}
}

// Joined pages are wanted or not as the first one tells.
func TestPagesByChoice(t *testing.T) {
	b := newFixture(t, outputs(`{path: "{stem}.gif", when: width > 90}`, `{path: "{stem}.{page}.png", when: width > 100}`)+"    pages: all\n")
	r := b.done(b.pages("scan.tif", "tiffsave"))
	if got := b.files("out"); len(got) != 1 || got[0] != "out/scan.gif" || !strings.Contains(r.Notes["not_written"], "{page}.png: not (width > 100)") {
		t.Errorf("it became %v, %v", got, r.Notes)
	}
	if h, err := vips.ReadHeader(b.path("out/scan.gif")); err != nil || h.Pages != 3 {
		t.Errorf("%+v, %v", h, err)
	}
}
