package probe

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// known takes over what was said of scale, multiple, range and halo.
func (r *resolver) known() error {
	c, k := &r.Contract, r.said
	c.Scale, c.Halo = max(c.Scale, k.Scale), k.Halo
	if len(k.Size) == 2 && c.Fixed == [2]int{} {
		c.Fixed, c.Multiple = [2]int{int(k.Size[0]), int(k.Size[1])}, 1
		r.fact("size", fmt.Sprintf("[%d, %d]", c.Fixed[0], c.Fixed[1]), "", "")
	}
	if c.Fixed == [2]int{} {
		c.Multiple = k.Multiple
	}
	if len(k.Range) == 2 {
		c.RangeLow, c.RangeHigh = float32(k.Range[0]), float32(k.Range[1])
	}
	for i := range 3 {
		if k.Mean != nil {
			c.Form.Mean[i] = float32(k.Mean[i])
		}
		if k.Std != nil {
			c.Form.Deviation[i] = float32(k.Std[i])
		}
	}
	if len(k.OutputRange) == 2 {
		c.Form.AnswerLow, c.Form.AnswerHigh = float32(k.OutputRange[0]), float32(k.OutputRange[1])
	}
	for _, key := range []string{"range", "mean", "std", "output_range", "scale", "multiple", "halo"} {
		if text := r.said.Said()[key]; text != "" {
			r.fact(key, text, "", "")
		}
	}
	return r.byType()
}

// byType takes the range from the types: bytes are from 0 to 255.
func (r *resolver) byType() error {
	c := &r.Contract
	full, answer := r.image.Elem.FullScale(), r.answer.Elem.FullScale()
	if c.RangeHigh != c.RangeLow || full == 1 && answer == 1 {
		return nil
	}
	if full == 1 { // what the bytes of the answer are is plain, but not the input
		if c.Form.AnswerLow == c.Form.AnswerHigh {
			c.Form.AnswerHigh = answer
		}
		return nil
	}
	c.RangeHigh = full
	r.fact("range", fmt.Sprintf("[0, %g]", full), FromFile, fmt.Sprintf("%s holds %s", r.image, r.image.Elem))
	return nil
}

// measure runs the network to find what is left.
func (r *resolver) measure() error {
	c := &r.Contract
	if c.Scale > 0 && c.Multiple > 0 && c.RangeLow != c.RangeHigh && (c.Halo > 0 || r.own != nil) {
		return nil
	}
	t, err := onnx.OpenTrial(r.name, r.data, *c, r.options.Threads)
	if err != nil {
		return err
	}
	defer t.Close()
	m := &measurement{resolver: r, trial: t}
	for _, find := range []func() error{m.scale, m.multiple, m.ranged, m.halo} {
		if err := find(); err != nil {
			return err
		}
	}
	return nil
}

// measurement is a model that is run.
type measurement struct {
	*resolver
	trial *onnx.Trial
	w, h  int // of an image that it takes
}

// run answers the test image of w × h pixels, as a contract has it.
func (m *measurement) run(c onnx.Contract, w, h int) ([]float32, error) {
	return m.ask(c, Picture(w, h), w, h)
}

func (m *measurement) ask(c onnx.Contract, in []float32, w, h int) ([]float32, error) {
	endless := fmt.Errorf("it did not answer an image of %d×%d pixels within %s: its graph may hold a loop that never ends, or it is too large for this machine", w, h, m.options.Limit)
	ctx, cancel := context.WithTimeoutCause(m.ctx, m.options.Limit, endless)
	defer cancel()
	out, err := m.trial.Answer(ctx, c, in, w, h)
	if ctx.Err() != nil && err != nil {
		return nil, &stopped{context.Cause(ctx)}
	}
	return out, err
}

// stopped ends all measuring.
type stopped struct{ error }

func (s *stopped) Unwrap() error { return s.error }

// sizes that images are tried in: between them multiples of all that networks demand.
var sizes = []int{64, 84, 126, 96, 80, 128, 192, 256}

// scale finds an image that the network takes, and how large it answers.
func (m *measurement) scale() error {
	c := m.trying()
	var first error
	for _, side := range sizes {
		w, h := side, side
		if c.Fixed != [2]int{} {
			w, h = c.Fixed[0], c.Fixed[1]
		} else if c.Multiple > 0 {
			w = (side + c.Multiple - 1) / c.Multiple * c.Multiple
			h = w
		}
		_, err := m.run(c, w, h)
		var other *onnx.SizeError
		if errors.As(err, &other) && m.Contract.Scale == 0 {
			if times, ok := m.times(other, w, h); ok {
				c.Scale = times
				_, err = m.run(c, w, h)
			} else {
				err = fmt.Errorf("it answers an image of %d×%d pixels with %v: burnish needs 1 to %d times the width and as many times the height", w, h, other.Got, mostScale)
			}
		}
		if err == nil {
			m.w, m.h = w, h
			if m.Contract.Scale == 0 {
				m.Contract.Scale = c.Scale
				m.fact("scale", fmt.Sprint(c.Scale), Measured, fmt.Sprintf("it answers %d×%d pixels with %d×%d", w, h, w*c.Scale, h*c.Scale))
			}
			return nil
		}
		if end := (*stopped)(nil); errors.As(err, &end) {
			return err
		}
		if first == nil {
			first = err
		}
		if c.Fixed != [2]int{} {
			break
		}
	}
	return fmt.Errorf("it runs on no image that burnish tried, of %d to %d pixels a side: %w", sizes[0], sizes[len(sizes)-1], first)
}

// trying is the contract so far, with a range and scale to try.
func (m *measurement) trying() onnx.Contract {
	c := m.Contract
	c.Scale = max(c.Scale, 1)
	if c.RangeLow == c.RangeHigh {
		c.RangeLow, c.RangeHigh = 0, 1
	}
	return c
}

const mostScale = 8

// times is how many times larger an answer is.
func (m *measurement) times(e *onnx.SizeError, w, h int) (int, bool) {
	if len(e.Got) != 4 {
		return 0, false
	}
	H, W := int(e.Got[2]), int(e.Got[3])
	if m.Contract.Form.NHWC {
		H, W = int(e.Got[1]), int(e.Got[2])
	}
	n := W / w
	return n, n >= 1 && n <= mostScale && W == n*w && H == n*h
}

// multiples that networks demand, and the sides that tell each from larger ones.
var multiples = [][2]int{{1, 67}, {2, 74}, {4, 68}, {7, 77}, {8, 88}, {12, 84}, {14, 70}, {16, 80}, {24, 72}, {32, 96}, {48, 144}, {64, 64}, {126, 126}, {128, 128}, {256, 256}}

// multiple finds the least multiple that the network takes.
func (m *measurement) multiple() error {
	if m.Contract.Multiple > 0 {
		return nil
	}
	c := m.trying()
	for _, try := range multiples {
		_, err := m.run(c, try[1], try[1])
		if end := (*stopped)(nil); errors.As(err, &end) {
			return err
		}
		if err == nil {
			m.Contract.Multiple = try[0]
			m.w, m.h = try[1], try[1]
			m.fact("multiple", fmt.Sprint(try[0]), Measured, fmt.Sprintf("it takes %d×%d pixels", try[1], try[1]))
			return nil
		}
	}
	return fmt.Errorf("it takes %d×%d pixels, and no multiple of sides could be found: say it as multiple, or size", m.w, m.h)
}

// resemblance is how far an answer may be from the photo on average, as a part of full
// scale, to be called one; up to alikeness a range is as good as another.
const resemblance, alikeness = 0.12, 0.05

// ranged finds the range in which the answer is most like the image.
func (m *measurement) ranged() error {
	if m.Contract.RangeLow != m.Contract.RangeHigh {
		return nil
	}
	candidates := [][2]float32{{0, 1}, {0, 255}, {-1, 1}}
	told := ""
	apart := make([]float64, len(candidates))
	best, alike := 0, 0
	for i, try := range candidates {
		c := m.trying()
		c.RangeLow, c.RangeHigh = try[0], try[1]
		out, err := m.run(c, m.w, m.h)
		if end := (*stopped)(nil); errors.As(err, &end) {
			return err
		}
		apart[i] = math.Inf(1)
		if err == nil {
			apart[i] = Apart(Picture(m.w, m.h), out, m.w, m.h, c.Scale)
		}
		told += fmt.Sprintf("; %.3g in [%g, %g]", apart[i], try[0], try[1])
		if apart[i] <= alikeness {
			alike++
		}
		if apart[i] < apart[best] && apart[best] > alikeness {
			best = i
		}
	}
	if !(apart[best] <= resemblance) {
		return fmt.Errorf("its answer is like its image in no range (it differs on average by, of full scale%s): say its range, such as [0, 1] or [0, 255]; if it is no network that restores or enlarges photos, burnish cannot use it", told)
	}
	from, why := Measured, "its answer differs from the image on average by, of full scale"
	if alike > 1 {
		from, why = Assumed, "its answer tells little: say it where the model's page says another. It differs from the image on average by, of full scale"
	}
	m.Contract.RangeLow, m.Contract.RangeHigh = candidates[best][0], candidates[best][1]
	m.fact("range", fmt.Sprintf("[%g, %g]", candidates[best][0], candidates[best][1]), from, why+told)
	return nil
}

const (
	margin    = 64        // pixels that a cut takes away
	mostHalo  = 64        // larger ones cost more than they help
	noticed   = 0.5 / 255 // of full scale: half a step
	fixedHalo = 16
)

// halo measures how far into a tile it shows that the photo is cut off there: by the
// answers to an image and to a part of it.
func (m *measurement) halo() error {
	c := &m.Contract
	if c.Halo > 0 || m.own != nil {
		return nil
	}
	if c.Fixed != [2]int{} {
		c.Halo = min(fixedHalo, min(c.Fixed[0], c.Fixed[1])/8/16*16)
		m.fact("halo", fmt.Sprint(c.Halo), Assumed, "of a network with one size it cannot be measured")
		return nil
	}
	cut := roundUp(margin, c.Multiple)
	part := max(roundUp(2*mostHalo+16, c.Multiple), c.Multiple)
	w, h := cut+part, roundUp(64, c.Multiple)
	whole := Picture(w, h)
	all, err := m.ask(*c, whole, w, h)
	if err == nil {
		var right []float32
		if right, err = m.ask(*c, crop(whole, w, h, cut), part, h); err == nil {
			c.Halo = m.reach(crop(all, w*c.Scale, h*c.Scale, cut*c.Scale), right, part*c.Scale, h*c.Scale)
			return nil
		}
	}
	if end := (*stopped)(nil); errors.As(err, &end) {
		return err
	}
	return fmt.Errorf("it takes some images of sides that are multiples of %d, and not %d×%d pixels: say its multiple or size: %w", c.Multiple, w, h, err)
}

// reach is the halo: how far from the left edge two answers still differ.
func (m *measurement) reach(a, b []float32, w, h int) int {
	last, most := -1, 0.0
	for i := range a {
		if d := math.Abs(float64(a[i] - b[i])); d > noticed {
			most = max(most, d)
			last = max(last, i%w)
		}
	}
	pixels := (last + m.Contract.Scale) / m.Contract.Scale
	halo := min(roundUp(pixels, 16), mostHalo)
	why := fmt.Sprintf("a cut shows %d pixels into the answer, by half a step of 255 or more", pixels)
	if pixels > mostHalo {
		halo, why = fixedHalo, fmt.Sprintf("answers depend on the whole tile, by up to %.1f steps of 255: tiles are blended, and larger ones agree better", 255*most)
	}
	m.fact("halo", fmt.Sprint(halo), Measured, why)
	return halo
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
