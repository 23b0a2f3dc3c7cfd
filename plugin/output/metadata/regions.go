package metadata

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output/metadata/exif"
	"github.com/burnish-photo/burnish/plugin/output/metadata/xmp"
)

// Namespaces of regions: the Metadata Working Group's (guidelines 2.0, 5.9),
// Microsoft's people tags, and others that are dropped once pixels have moved.
const (
	mwgRegions = "http://www.metadataworkinggroup.com/schemas/regions/"
	areaType   = "http://ns.adobe.com/xmp/sType/Area#"
	sizeType   = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
	people     = "http://ns.microsoft.com/photo/1.2/"
	person     = "http://ns.microsoft.com/photo/1.2/t/Region#"
)

// view is how an output shows the stored photo.
type view struct {
	frame  ops.Frame
	source *ops.Source
	width  int // of the output
	height int
	gone   int // regions that could not be kept
}

// still reports whether every pixel is where it was.
func (v *view) still() bool {
	return v.frame == ops.Whole && v.width == v.source.Width && v.height == v.source.Height
}

// note says what was dropped, "" for nothing.
func (v *view) note() string {
	switch {
	case v.gone == 0:
		return ""
	case v.frame.Known():
		return fmt.Sprintf("%d dropped: cut off, or of a kind that is not moved with the pixels", v.gone)
	}
	return fmt.Sprintf("%d dropped: a step moves pixels in a way that is not followed", v.gone)
}

// isRegions reports whether a property holds places in the picture.
func isRegions(p xmp.Property) bool {
	switch {
	case p.Space == mwgRegions && p.Name == "Regions", p.Space == people && p.Name == "RegionInfo":
		return true
	}
	return isFixedRegions(p)
}

// isFixedRegions reports whether they are of a kind that is not moved.
func isFixedRegions(p xmp.Property) bool {
	return p.Space == xmp.EXIF && (p.Name == "SubjectArea" || p.Name == "SubjectLocation") ||
		strings.HasPrefix(p.Space, "http://iptc.org/std/Iptc4xmpExt") && p.Name == "ImageRegion" ||
		strings.HasPrefix(p.Space, "http://ns.acdsee.com/regions/")
}

// move makes the regions of a packet true of the output, or takes them out.
func (v *view) move(p *xmp.Packet) error {
	if v.still() {
		return nil
	}
	err := p.Keep(func(q xmp.Property) bool {
		lost := isFixedRegions(q) || isRegions(q) && !v.frame.Known()
		if lost {
			v.gone++
		}
		return !lost
	})
	if err != nil || !v.frame.Known() {
		return err
	}
	frame, e := v.counted(p), p.Edit()
	for _, s := range p.Structs(mwgRegions, "Area") {
		if !v.moveArea(e, s, frame) {
			v.gone++
			e.CutItem(s)
		}
	}
	for _, s := range p.Structs(person, "Rectangle") {
		if !v.moveRectangle(e, s, frame) {
			v.gone++
			e.CutItem(s)
		}
	}
	for _, s := range p.Structs(mwgRegions, "AppliedToDimensions") {
		for name, n := range map[string]int{"w": v.width, "h": v.height} {
			if f, ok := s.Field(sizeType, name); ok {
				e.Set(f, strconv.Itoa(n))
			}
		}
	}
	return e.Apply()
}

// counted is the frame for the packet's places, which count in the photo as
// stored or, where the size that they were made for says so, as turned upright.
func (v *view) counted(p *xmp.Packet) ops.Frame {
	for _, s := range p.Structs(mwgRegions, "AppliedToDimensions") {
		w, h := value(s, sizeType, "w"), value(s, sizeType, "h")
		if wide := v.source.Width > v.source.Height; v.source.Orientation > 4 && v.source.Width != v.source.Height && w != h && w > 0 && h > 0 && (w > h) != wide {
			return v.frame.BeforeTurn(v.source.Orientation)
		}
	}
	return v.frame
}

// value is a number in a structure; NaN where it is none.
func value(s xmp.Struct, space, name string) float64 {
	f, ok := s.Field(space, name)
	if !ok {
		return math.NaN()
	}
	n, err := strconv.ParseFloat(f.Text(), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// moveArea moves an area by its centre, in parts of the photo's sides; false
// where nothing of it is left.
func (v *view) moveArea(e *xmp.Edits, s xmp.Struct, frame ops.Frame) bool {
	x, y, w, h := value(s, areaType, "x"), value(s, areaType, "y"), value(s, areaType, "w"), value(s, areaType, "h")
	if unit, ok := s.Field(areaType, "unit"); ok && unit.Text() != "normalized" {
		return false
	}
	if _, circle := s.Field(areaType, "d"); circle && !upToTurns(frame) {
		return false
	}
	if math.IsNaN(w) || math.IsNaN(h) { // a point, or a circle
		w, h = 0, 0
	}
	b, ok := moved(frame, x-w/2, y-h/2, x+w/2, y+h/2)
	if !ok {
		return false
	}
	for name, n := range map[string]float64{"x": (b.Left + b.Right) / 2, "y": (b.Top + b.Bottom) / 2, "w": b.Right - b.Left, "h": b.Bottom - b.Top} {
		if f, ok := s.Field(areaType, name); ok {
			e.Set(f, short(n))
		}
	}
	return true
}

// moveRectangle moves a rectangle of Microsoft's: "left, top, width, height".
func (v *view) moveRectangle(e *xmp.Edits, s xmp.Struct, frame ops.Frame) bool {
	var n [4]float64
	parts := strings.Split(s.Text(), ",")
	if len(parts) != len(n) {
		return false
	}
	for i, part := range parts {
		var err error
		if n[i], err = strconv.ParseFloat(strings.TrimSpace(part), 64); err != nil {
			return false
		}
	}
	b, ok := moved(frame, n[0], n[1], n[0]+n[2], n[1]+n[3])
	if ok {
		e.Set(s, strings.Join([]string{short(b.Left), short(b.Top), short(b.Right - b.Left), short(b.Bottom - b.Top)}, ", "))
	}
	return ok
}

// moved is a box in the output; false for what is no box, or is cut off.
func moved(f ops.Frame, left, top, right, bottom float64) (ops.Box, bool) {
	for _, n := range []float64{left, top, right, bottom} {
		if math.IsNaN(n) || math.Abs(n) > 2 {
			return ops.Box{}, false
		}
	}
	return f.Box(ops.Box{Left: left, Top: top, Right: right, Bottom: bottom})
}

// upToTurns reports whether nothing was cut off.
func upToTurns(f ops.Frame) bool {
	b, ok := f.Box(ops.Box{Right: 1, Bottom: 1})
	x, y := f.Place(0, 0)
	return ok && b == ops.Box{Right: 1, Bottom: 1} && (x == 0 || x == 1) && (y == 0 || y == 1)
}

// short is a part of a side to a millionth.
func short(n float64) string {
	return strconv.FormatFloat(math.Round(n*1e6)/1e6, 'f', -1, 64)
}

// isSubject reports whether an entry is EXIF's place of the subject, in pixels of
// the photo as stored: a point, a circle or a rectangle by its centre.
func isSubject(e exif.Entry) bool {
	return e.Dir == exif.Exif && (e.Tag == exif.SubjectArea || e.Tag == exif.SubjectLocation)
}

// moveSubject makes the places of the subject true of the output; it reports
// whether an entry stays.
func (v *view) moveSubject(b *exif.Block, e exif.Entry) bool {
	if !isSubject(e) || v.still() {
		return true
	}
	n, ok := b.Numbers(e)
	if !ok || len(n) < 2 || len(n) > 4 || v.source.Width < 1 || v.source.Height < 1 {
		v.gone++
		return false
	}
	w, h := 0, 0
	switch len(n) {
	case 3:
		w, h = n[2], n[2]
	case 4:
		w, h = n[2], n[3]
	}
	across, down := 1/float64(v.source.Width), 1/float64(v.source.Height)
	x, y, halfW, halfH := float64(n[0])*across, float64(n[1])*down, float64(w)*across/2, float64(h)*down/2
	box, ok := moved(v.frame, x-halfW, y-halfH, x+halfW, y+halfH)
	if !ok || x > 1 || y > 1 {
		v.gone++
		return false
	}
	left, right := box.Left*float64(v.width), box.Right*float64(v.width)
	top, bottom := box.Top*float64(v.height), box.Bottom*float64(v.height)
	round := func(f float64) int { return int(math.Round(f)) }
	all := []int{round((left + right) / 2), round((top + bottom) / 2), round(right - left), round(bottom - top)}
	if len(n) == 3 {
		all[2] = round(max(right-left, bottom-top))
	}
	return b.SetNumbers(e, all[:len(n)])
}
