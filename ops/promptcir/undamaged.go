package promptcir

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/damage"
	"github.com/burnish-photo/burnish/ops/network"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// Values of [Config.Skip].
const (
	skipAuto  = "auto"
	skipNever = "never"
)

// Corrections below which photos are undamaged, by what is known of them
// beforehand. A camera's JPEG is corrected more than that of a program of the same
// quality, whose photo was clean before: there is noise, and sharpening.
const (
	unknownLimit = 0.25 // of a file that does not tell how it was compressed: PNG, WebP, TIFF
	jpegLimit    = 0.30
	cameraLimit  = 1.70
	grayLimit    = 0.80 // at least, without colour: the network changes clean gray photos more than coloured ones

	cameraQuality = 90 // below, a camera's JPEG is one like others
)

// verdict is what the evidence says of a photo.
type verdict struct {
	correction, limit float64
	tiles             int
}

func (v verdict) undamaged() bool { return v.correction < v.limit }

// String is the reason with its figures, for people.
func (v verdict) String() string {
	is, than := "damaged", "≥"
	if v.undamaged() {
		is, than = "undamaged", "<"
	}
	return fmt.Sprintf("%s: correction %.2f %s %.2f (%d tiles)", is, v.correction, than, v.limit, v.tiles)
}

// limitOf is the limit for what the file says of itself.
func limitOf(in ops.Image) float64 {
	switch in.Source.Format {
	case "jpeg":
		if info, err := damage.Header(in.Source.Content()); err == nil && info.Quality >= cameraQuality && fromCamera(in) {
			return cameraLimit
		}
		return jpegLimit
	case "heif":
		if fromCamera(in) {
			return cameraLimit
		}
	}
	return unknownLimit
}

// fromCamera reports whether a photo is as a camera wrote it: with an exposure
// time, and of no other size than the camera noted.
func fromCamera(in ops.Image) bool {
	_, timed := in.Pixels.EXIF("ExposureTime")
	_, early := in.Pixels.EXIF("ShutterSpeedValue") // of cameras that note no other time
	if !timed && !early {
		return false
	}
	noted := false
	for _, tag := range []string{"PixelXDimension", "PixelYDimension"} {
		text, ok := in.Pixels.EXIF(tag)
		if n, err := strconv.Atoi(text); ok && err == nil {
			noted = true
			if n == in.Source.Width || n == in.Source.Height {
				return true
			}
		}
	}
	return !noted
}

// undamaged leaves photos alone that show no damage.
func (c *Config) undamaged() network.Skip {
	skip := network.Skip{File: c.aboveQuality}
	if c.Skip != skipNever {
		skip.Tiles = c.judge
	}
	return skip
}

// aboveQuality reports whether the file's own words are enough to leave it alone,
// because the configuration says so.
func (c *Config) aboveQuality(src *ops.Source) (why string, ok bool) {
	if src == nil || src.Format != "jpeg" || c.SkipJPEGAbove <= 0 || c.SkipJPEGAbove >= 100 {
		return "", false
	}
	info, err := damage.Header(src.Content())
	if err != nil || info.Quality <= c.SkipJPEGAbove {
		return "", false
	}
	return fmt.Sprintf("JPEG quality %d > %d, as configured", info.Quality, c.SkipJPEGAbove), true
}

// judge weighs the evidence of one photo. Small JPEGs cost next to nothing and are
// restored.
func (c *Config) judge(in ops.Image) (network.Judge, string) {
	if in.Source.Format == "jpeg" && min(in.Pixels.Width(), in.Pixels.Height()) < damage.TooSmall {
		return nil, "not judged: too small"
	}
	j := &judgement{limit: c.SkipBelow, gray: c.SkipBelow, tiles: map[tile.Rect]evidence{}}
	if c.SkipBelow == 0 {
		j.limit = limitOf(in)
		j.gray = max(j.limit, grayLimit)
	}
	return j, ""
}

// judgement is a [network.Judge].
type judgement struct {
	limit float64
	gray  float64 // the limit of a photo without colour

	mu     sync.Mutex
	tiles  map[tile.Rect]evidence
	colour bool // some tile has it
}

// Tile gathers the evidence of one tile.
func (j *judgement) Tile(in, out tile.Planar, part tile.Rect) {
	e, colour := measure(in, out, part), hasColour(in)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tiles[in.Rect] = e
	j.colour = j.colour || colour
}

// Verdict weighs all tiles against the limit of the photo's kind.
func (j *judgement) Verdict() (reason string, skip bool) {
	tiles := j.sorted()
	limit := j.limit
	if !j.colour {
		limit = j.gray
	}
	v := verdict{correction: math.Round(correction(tiles)*100) / 100, limit: limit, tiles: len(tiles)}
	return v.String(), v.undamaged()
}

// sorted are the tiles' evidence in the order of their places, so that sums do not
// depend on chance.
func (j *judgement) sorted() (all []evidence) {
	j.mu.Lock()
	defer j.mu.Unlock()
	places := slices.SortedFunc(maps.Keys(j.tiles), func(a, b tile.Rect) int {
		return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X))
	})
	for _, r := range places {
		all = append(all, j.tiles[r])
	}
	return all
}
