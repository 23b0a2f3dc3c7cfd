package tools

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// Measurement is what a pipeline took for some photos of one size, decoding and
// encoding included.
type Measurement struct {
	Width         int               `json:"width"`
	Height        int               `json:"height"`
	Photos        int               `json:"photos"`      // of that size, each on its own
	AtATime       int               `json:"at_a_time"`   // of them under way together
	Seconds       float64           `json:"seconds"`     // for all
	CPUSeconds    float64           `json:"cpu_seconds"` // that this process computed meanwhile, over all cores
	WindowMP      float64           `json:"window_mp"`   // that networks computed: the photos' with what tiles repeat
	SecondsPerMP  float64           `json:"seconds_per_mp"`
	MPPerSecond   float64           `json:"mp_per_second"`
	KMACPerPixel  float64           `json:"kmac_per_pixel"` // of the network, with what tiles repeat; 0 where it is not known
	GMACPerSecond float64           `json:"gmac_per_second"`
	PeakMB        float64           `json:"peak_mb"`         // the most memory that the process held; 0 where the system does not tell
	PredictedMB   float64           `json:"predicted_mb"`    // what was predicted for one photo, beside what the process held before
	Notes         map[string]string `json:"notes,omitempty"` // of the last photo: the model, the device, its self-test
}

// Measure runs a pipeline on photos of w×h pixels that it makes: JPEGs of
// quality 30 with edges, waves and noise. The engine has no ledger.
func Measure(ctx context.Context, e *plugin.Engine, pipeline string, w, h, photos int) (m Measurement, err error) {
	if photos < 1 {
		return m, fmt.Errorf("measure: photos must be 1 or more, got %d", photos)
	}
	estimate, err := e.Estimate(pipeline, w, h, sampleBytes)
	if err != nil {
		return m, err
	}
	folder, err := os.MkdirTemp("", "burnish-bench-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(folder)
	for i := range photos {
		if err := samplePhoto(filepath.Join(folder, fmt.Sprintf("%d.jpg", i)), w, h, uint64(i)); err != nil {
			return m, err
		}
	}
	m = Measurement{Width: w, Height: h, Photos: photos, AtATime: min(photos, e.Parallel())}
	m.PredictedMB = float64(estimate.Memory) / (1 << 20)
	resetPeak()
	began, computed := time.Now(), processor()
	results, errs := make([]plugin.Result, photos), make([]error, photos)
	var wg sync.WaitGroup
	for i := range photos {
		wg.Go(func() {
			results[i], errs[i] = e.Process(ctx, plugin.Job{
				Path: filepath.Join(folder, fmt.Sprintf("%d.jpg", i)), Pipeline: pipeline, Output: filepath.Join(folder, "out"),
			})
		})
	}
	wg.Wait()
	m.Seconds = time.Since(began).Seconds()
	m.CPUSeconds = (processor() - computed).Seconds()
	m.PeakMB = float64(admission.ThisHost.Peak()) / (1 << 20)
	mp := float64(w) * float64(h) * float64(photos) / 1e6
	m.SecondsPerMP, m.MPPerSecond = m.Seconds/mp, mp/m.Seconds
	m.WindowMP = estimate.Pixels * float64(photos) / 1e6
	m.KMACPerPixel = estimate.MACs / float64(w) / float64(h) / 1e3
	m.GMACPerSecond = estimate.MACs * float64(photos) / m.Seconds / 1e9
	m.Notes = results[photos-1].Notes
	return m, errors.Join(errs...)
}

// sampleBytes are those of a pixel of samplePhoto's.
const sampleBytes = 3

// samplePhoto writes a JPEG that is neither flat nor the same everywhere.
func samplePhoto(path string, w, h int, seed uint64) error {
	const side = 512
	random := rand.New(rand.NewPCG(seed, 7))
	pixels := make([]byte, side*side*3)
	for i := range pixels {
		x, y, c := i/3%side, i/3/side, i%3
		v := 128 + 60*math.Sin(float64(x*(c+2))*2*math.Pi/side)*math.Cos(float64(y)*6*math.Pi/side) + 12*random.NormFloat64()
		if (x/64+y/96)%2 == 0 {
			v += 30
		}
		pixels[i] = byte(min(max(v, 0), 255))
	}
	part, err := vips.FromMemory(pixels, side, side, 3, "uchar")
	if err != nil {
		return err
	}
	defer part.Close()
	p, err := vips.Chain(part,
		vips.Op("copy", vips.Args{"interpretation": "srgb"}),
		vips.Op("replicate", vips.Args{"across": (w + side - 1) / side, "down": (h + side - 1) / side}),
		vips.Op("extract_area", vips.Args{"left": 0, "top": 0, "width": w, "height": h}))
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Save("jpegsave", path, vips.Args{"Q": 30})
}

// resetPeak makes the system forget how much memory the process has held.
func resetPeak() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where that is not allowed, the peak is of the whole process
}

// processor is the time that this process has spent computing.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Peak is how many multiply-accumulates a second this machine's CPU reaches on
// its best, large products of matrices, with all cores. [plugin.StartRestoration]
// has been called.
func Peak(ctx context.Context) (float64, error) { return onnx.Peak(ctx, 0) }
