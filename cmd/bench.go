package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/tools"
)

type benchCommand struct {
	Model       string      `default:"lite" placeholder:"NAME|FILE.onnx" help:"Model name (${default}) or exported file."`
	Device      device.List `placeholder:"DEVICE" help:"auto, cpu, cuda:N, …"`
	Preset      string      `default:"balanced" placeholder:"PRESET" help:"fast, balanced (default) or reference."`
	Tile        int         `placeholder:"PIXELS" help:"Tile size in pixels; default: the model's."`
	Size        []string    `default:"1" placeholder:"MP|WxH" help:"Photo sizes in megapixels or pixels (${default})."`
	Photos      int         `default:"1" help:"Number of photos of each size."`
	Concurrency int         `placeholder:"N" help:"Photos processed at a time; default: by the number of cores."`
	Config      string      `short:"c" placeholder:"FILE" help:"Configuration file to take \"restore\" and \"limits\" from."`
	JSON        bool        `name:"json" help:"Print JSON."`
}

// Help is shown by burnish bench --help.
func (benchCommand) Help() string {
	return `Restores generated photos, including decoding and encoding. GMAC/s counts the network's arithmetic. The last column is its
share of the peak that a large matrix product reaches on all cores of the CPU.

Examples:
  burnish bench
  burnish bench --size 1,12 --model promptcir.onnx --device cuda
  burnish bench --photos 4 --concurrency 2 --json`
}

// benchReport is what bench prints.
type benchReport struct {
	Version     string     `json:"version"`
	ONNXRuntime string     `json:"onnx_runtime"`
	Model       string     `json:"model"`
	Device      string     `json:"device"`
	SelfTest    string     `json:"self_test"`
	PeakGMACs   float64    `json:"peak_gmacs"`
	Rows        []benchRow `json:"rows"`
}

type benchRow struct {
	tools.Measurement
	PeakShare float64 `json:"peak_share"`
}

// Run measures and prints.
func (b *benchCommand) Run(h *host) error {
	sizes, err := parseSizes(b.Size)
	if err != nil {
		return err
	}
	c, err := b.configuration(h)
	if err != nil {
		return err
	}
	engine, err := h.openEngine(c)
	if err != nil {
		return err
	}
	report, err := b.measure(h, engine, sizes)
	if err := errors.Join(err, engine.Close()); err != nil {
		return err
	}
	if b.JSON {
		e := json.NewEncoder(h.out)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	return report.print(h.out)
}

func (b *benchCommand) measure(h *host, engine *plugin.Engine, sizes [][2]int) (benchReport, error) {
	r := benchReport{Version: release(), ONNXRuntime: tools.Version().ONNXRuntime}
	peak, err := tools.Peak(h)
	if err != nil {
		return r, err
	}
	r.PeakGMACs = peak / 1e9
	for _, s := range sizes {
		m, err := tools.Measure(h, engine, "bench", s[0], s[1], b.Photos)
		if err != nil {
			return r, err
		}
		r.Model, r.Device, r.SelfTest = m.Notes["model"], m.Notes["device"], m.Notes["self_test"]
		m.Notes = nil
		r.Rows = append(r.Rows, benchRow{m, m.GMACPerSecond / r.PeakGMACs})
	}
	return r, nil
}

func (r benchReport) print(out io.Writer) error {
	fmt.Fprintf(out, "model %s on %s (%s)\nsgemm peak %.1f GMAC/s on this CPU, by ONNX Runtime %s\n\n", r.Model, r.Device, r.SelfTest, r.PeakGMACs, r.ONNXRuntime)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "size\tphotos\tat a time\tseconds\ts/MP\tMP/s\tkMAC/px\tGMAC/s\tof peak\tpeak MB\t")
	for _, m := range r.Rows {
		fmt.Fprintf(t, "%d×%d\t%d\t%d\t%.1f\t%.2f\t%.3f\t%.1f\t%.1f\t%.0f %%\t%.0f\t\n", m.Width, m.Height, m.Photos, m.AtATime,
			m.Seconds, m.SecondsPerMP, m.MPPerSecond, m.KMACPerPixel, m.GMACPerSecond, 100*m.PeakShare, m.PeakMB)
	}
	return t.Flush()
}

// configuration is a pipeline of the one step.
func (b *benchCommand) configuration(h *host) (*config.Config, error) {
	if b.Photos < 1 {
		return nil, fmt.Errorf("--photos must be 1 or more, got %d", b.Photos)
	}
	model, err := modelPath(b.Model)
	if err != nil {
		return nil, err
	}
	base := &config.Config{}
	if b.Config != "" {
		if base, err = h.load(b.Config); err != nil {
			return nil, err
		}
	}
	step := map[string]any{"model": model, "preset": b.Preset, "tile": b.Tile, "skip": "never"}
	c, err := h.composed("bench", map[string]any{
		"version": 1, "limits": map[string]any{"concurrency": b.Concurrency},
		"restore": map[string]any{"models": base.Restore.Models},
		"pipelines": map[string]any{"bench": map[string]any{
			"steps":   []any{map[string]any{"promptcir": step}},
			"outputs": []any{map[string]any{"path": "{stem}.bench.jpg"}},
		}},
	})
	if err != nil {
		return nil, err
	}
	if b.Config != "" {
		photos := c.Limits.Concurrency
		c.Restore, c.Limits = base.Restore, base.Limits
		if photos > 0 {
			c.Limits.Concurrency = photos
		}
	}
	c.Limits.Megapixels = math.MaxInt32 // the sizes are asked for
	if len(b.Device) > 0 {
		c.Restore.Device = b.Device
	}
	return c, diag.Check(c)
}

// parseSizes reads megapixels, of four by three, or WxH in pixels.
func parseSizes(list []string) (sizes [][2]int, err error) {
	for _, text := range list {
		w, h, ok := strings.Cut(text, "x")
		width, err1 := strconv.Atoi(w)
		height, err2 := strconv.Atoi(h)
		if !ok {
			mp, err := strconv.ParseFloat(text, 64)
			width, height = int(math.Round(math.Sqrt(mp*4e6/3))), int(math.Round(math.Sqrt(mp*3e6/4)))
			err1, err2 = err, nil
		}
		if err1 != nil || err2 != nil || width < 1 || height < 1 || width > 65535 || height > 65535 {
			return nil, fmt.Errorf("size %q: must be megapixels such as 12, or pixels such as 4000x3000, each side up to 65535", text)
		}
		sizes = append(sizes, [2]int{width, height})
	}
	return sizes, nil
}
