package vips

import (
	"maps"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// Texts. Pango 1.50 looks fonts up in a thread of its own, one for each font map.
// When the resolution of a map changes, or the thread that the map belongs to ends,
// the map drops its tables, which that thread may be using: the process dies
// of SIGFPE. So every text is written at one resolution, by threads that never
// end, one for each font file. The size of the font stands in for a resolution.

// The resolution in dots per inch that every text is written at, which is
// libvips' default, and those that a text may be fitted with.
const (
	textResolution    = 72
	leastResolution   = 2
	highestResolution = 10000
	mostResolution    = 1e6 // that libvips takes
)

// defaultFont and defaultFontSize, in points, are those of libvips and of Pango.
const (
	defaultFont     = "sans 12"
	defaultFontSize = 12
)

// textThreads run calls by the font file that they load; "" is none.
var textThreads struct {
	sync.Mutex
	byFile map[string]chan func()
}

// onTextThread runs f on the thread for a font file.
func onTextThread(fontFile string, f func()) {
	textThreads.Lock()
	thread, runs := textThreads.byFile[fontFile]
	if !runs {
		if textThreads.byFile == nil {
			textThreads.byFile = map[string]chan func(){}
		}
		thread = make(chan func())
		textThreads.byFile[fontFile] = thread
		go func() {
			runtime.LockOSThread()
			for f := range thread {
				f()
			}
		}()
	}
	textThreads.Unlock()
	done := make(chan struct{})
	thread <- func() {
		defer close(done)
		f()
	}
	<-done
}

// text writes a text as libvips' operation of that name does. Sizes in its
// markup that are not relative follow no resolution.
func text(spec *Operation, args Args) (out Outputs, err error) {
	fontFile, _ := args["fontfile"].(string)
	onTextThread(fontFile, func() {
		dpi, given := whole(args["dpi"])
		height, bounded := whole(args["height"])
		switch {
		case given:
			out, err = textAt(spec, args, dpi)
		case bounded && height > 0:
			out, err = fittedText(spec, args, height)
		default:
			out, err = textAt(spec, args, textResolution)
		}
	})
	return out, err
}

// whole is the number of an argument that is one.
func whole(value any) (n int, ok bool) {
	switch v := value.(type) {
	case int:
		return v, true
	case float64:
		return int(v), v == float64(int(v))
	}
	return 0, false
}

// textAt writes the text at a resolution in dots per inch. A resolution that libvips
// would not take is left to it to refuse.
func textAt(spec *Operation, args Args, dpi int) (Outputs, error) {
	if dpi < 1 || dpi > mostResolution || dpi == textResolution {
		return straight(spec, args)
	}
	with := maps.Clone(args)
	delete(with, "dpi")
	font, _ := with["font"].(string)
	with["font"] = scaledFont(font, float64(dpi)/textResolution)
	out, err := straight(spec, with)
	if err != nil {
		return nil, err
	}
	drawn := out["out"].(*Image)
	defer drawn.Close()
	perMillimetre := float64(dpi) / 25.4
	if out["out"], err = drawn.Do("copy", Args{"xres": perMillimetre, "yres": perMillimetre}); err != nil {
		delete(out, "out")
		out.Close()
		return nil, err
	}
	return out, nil
}

// fittedText writes the text at the highest resolution at which it stays within
// its width and a height in pixels; without a width, within the height.
func fittedText(spec *Operation, args Args, height int) (Outputs, error) {
	width, _ := whole(args["width"])
	with := maps.Clone(args)
	delete(with, "height") // libvips would fit by itself
	at := func(dpi int) (out Outputs, fits bool, err error) {
		if out, err = textAt(spec, with, dpi); err != nil {
			return nil, false, err
		}
		image := out["out"].(*Image)
		return out, image.Height() <= height && (width <= 0 || image.Width() <= width), nil
	}
	best, fits, err := at(textResolution)
	if err != nil {
		return nil, err
	}
	low, high := leastResolution, textResolution
	if fits {
		low, high = textResolution, 2*textResolution
	}
	for fits && high <= highestResolution {
		var next Outputs
		if next, fits, err = at(high); err != nil {
			best.Close()
			return nil, err
		}
		if !fits {
			next.Close()
			break
		}
		best.Close()
		best, low, high = next, high, 2*high
	}
	for high-low > 1 {
		dpi := (low + high) / 2
		next, fits, err := at(dpi)
		switch {
		case err != nil && dpi < textResolution:
			low = dpi // so small that nothing of it shows
			continue
		case err != nil:
			best.Close()
			return nil, err
		case fits:
			low = dpi
		default:
			high = dpi
		}
		if fits || low == leastResolution { // where nothing fits, the smallest is the best
			best.Close()
			best = next
		} else {
			next.Close()
		}
	}
	best["autofit_dpi"] = low
	return best, nil
}

// scaledFont is a Pango font description, [FAMILIES] [STYLES] [SIZE] [@VARIATIONS]
// [#FEATURES], with its size in points multiplied. A size in pixels stays.
func scaledFont(font string, factor float64) string {
	if strings.TrimSpace(font) == "" {
		font = defaultFont
	}
	words := strings.Fields(font)
	end := len(words)
	for end > 0 && strings.ContainsRune("@#", rune(words[end-1][0])) {
		end--
	}
	size := float64(defaultFontSize)
	before, after := words[:end], words[end:]
	if end > 0 {
		last := words[end-1]
		if strings.HasSuffix(last, "px") && isNumber(strings.TrimSuffix(last, "px")) {
			return font
		}
		if isNumber(last) {
			size, _ = strconv.ParseFloat(last, 64)
			before = words[:end-1]
		}
	}
	scaled := append(append([]string{}, before...), strconv.FormatFloat(size*factor, 'f', -1, 64))
	return strings.Join(append(scaled, after...), " ")
}

func isNumber(word string) bool {
	n, err := strconv.ParseFloat(word, 64)
	return err == nil && n > 0 && !strings.ContainsAny(word, "eExXpP_iI")
}
