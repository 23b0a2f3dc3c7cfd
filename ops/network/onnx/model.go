package onnx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"sync"

	"github.com/burnish-photo/burnish/ops/device"
	ort "github.com/yalue/onnxruntime_go"
)

// Options say how a model is to run.
type Options struct {
	Device  device.Device
	Require bool // fail rather than fall back to the CPU; with "auto", require a GPU
	Threads int  // CPU threads of one Run; 0: all that Go would use
	// FullPrecision forbids to round the factors of products to fewer bits: a GPU's TF32,
	// fused kernels' bf16 unless Kernels names them.
	FullPrecision bool
	// Unfused runs every node of the graph as it is on the CPU, without fused
	// kernels: slower, for comparisons.
	Unfused bool
	// Kernels is the instruction set of the fused kernels, one of [kernels.Sets];
	// "": the fastest.
	Kernels string
	// Contract is that of a model whose file carries none; nil: the file's.
	Contract *Contract
	Log      *slog.Logger // tells once which device runs; nil: nobody
}

// ErrNotFinite is returned when a network answers with NaN or infinity.
var ErrNotFinite = errors.New("the network's answer is not finite")

// Model is an opened network. It is safe for concurrent use.
type Model struct {
	name     string
	contract Contract
	device   device.Device
	fallback string
	selfTest SelfTest

	codec codec

	mu      sync.RWMutex // held for reading during a run, so that Close waits
	session *ort.DynamicAdvancedSession
}

// Open opens the model in a file. See [OpenBytes].
func Open(path string, o Options) (*Model, error) {
	data, err := Load(path)
	if err != nil {
		return nil, err
	}
	return OpenBytes(path, data, o)
}

// OpenBytes opens a model in memory; name is for messages. The caller closes it.
//
// On "auto" it runs on the first CUDA device if that opens and agrees with the
// CPU on a known input, else on the CPU. A device that was asked for by name is
// replaced by the CPU too, unless o.Require says not to: then a [DeviceError]
// tells what is missing.
func OpenBytes(name string, data []byte, o Options) (*Model, error) {
	if started() == nil {
		return nil, fmt.Errorf("open model %s: %w", name, ErrNotStarted)
	}
	c, g, err := inspect(name, data, o.Contract)
	if err != nil {
		return nil, err
	}
	bound, err := g.bind(c)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	if err := allocations(data); err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	b := builder{name: name, data: data, codec: codec{c, bound}, contract: c, graph: g, options: o}
	return bounded(name, longestOpening(o.Device), func() (*Model, error) { return b.build(o.Device) })
}

// Contract is what the model says of itself.
func (m *Model) Contract() Contract { return m.contract }

// Device is where the model really runs.
func (m *Model) Device() device.Device { return m.device }

// Fallback is why the model does not run on the device that was asked for, or
// for "auto" on a GPU; "" when it does.
func (m *Model) Fallback() string { return m.fallback }

// SelfTest is what the self-test showed when the model was opened.
func (m *Model) SelfTest() SelfTest { return m.selfTest }

// Run restores n images of h × w pixels: in and out are N×3×H×W, from 0 to 1, and
// out as many times larger as the contract says. values are those of [Form.Values].
// in is only read, out only written; neither is kept. When ctx ends, the run stops
// between two of the network's nodes.
func (m *Model) Run(ctx context.Context, in []float32, n, h, w int, out []float32, values ...float64) error {
	k, scale := m.contract.Multiple, m.contract.scale()
	if n < 1 || h < 1 || w < 1 || h%k != 0 || w%k != 0 {
		return fmt.Errorf("model %s: an input of %d×3×%d×%d; sides must be multiples of %d", m.name, n, h, w, k)
	}
	if f := m.contract.Fixed; f != [2]int{} && f != [2]int{w, h} {
		return fmt.Errorf("model %s: an input of %d×3×%d×%d; it takes %d×%d pixels only", m.name, n, h, w, f[0], f[1])
	}
	if size := n * 3 * h * w; len(in) != size || len(out) != size*scale*scale {
		return fmt.Errorf("model %s: %d values in and %d out for %d×3×%d×%d, %d times as large", m.name, len(in), len(out), n, h, w, scale)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.session == nil {
		return fmt.Errorf("model %s is closed", m.name)
	}
	if err := m.codec.run(ctx, m.session, in, n, h, w, out, values); err != nil {
		return fmt.Errorf("model %s on %s: %w", m.name, m.device, err)
	}
	if i := notFinite(out); i >= 0 {
		return fmt.Errorf("model %s on %s: %w: value %d of %d×3×%d×%d is %v", m.name, m.device, ErrNotFinite, i, n, h, w, out[i])
	}
	return nil
}

// Close gives the session and its memory back, after the runs in progress.
// Closing twice does nothing.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.session == nil {
		return nil
	}
	err := m.session.Destroy()
	m.session = nil
	return err
}

// run is one run of a session on Go's memory, which is pinned meanwhile.
func run(ctx context.Context, s *ort.DynamicAdvancedSession, in []tensor, out tensor) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	var inputs []ort.Value
	for _, t := range in {
		x, err := t.open(&pin)
		if err != nil {
			return err
		}
		defer destroy(x)
		inputs = append(inputs, x)
	}
	y, err := out.open(&pin)
	if err != nil {
		return err
	}
	defer destroy(y)
	opts, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	defer destroy(opts)

	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		_ = opts.Terminate() // fails only without memory; then the run goes on to its end
	})
	err = s.RunWithOptions(inputs, []ort.Value{y}, opts)
	if !stop() {
		<-terminated // opts must outlive Terminate
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return sized(err, out.shape)
}

// destroy gives a native object back. It fails only for what is gone already.
func destroy(d interface{ Destroy() error }) { _ = d.Destroy() }

// notFinite is the index of the first NaN or infinity in v, or -1.
func notFinite(v []float32) int {
	const exponent = 0x7f800000
	for i, x := range v {
		if math.Float32bits(x)&exponent == exponent {
			return i
		}
	}
	return -1
}
