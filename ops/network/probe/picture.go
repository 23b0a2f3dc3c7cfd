package probe

import "math"

// Picture is a test image of three planes from 0 to 1: slopes, edges, texture and the
// block edges of a saved photo.
func Picture(w, h int) []float32 {
	v := make([]float32, 3*w*h)
	noise := uint32(1)
	for i := range v {
		c, y, x := i/(w*h), i/w%h, i%w
		noise = noise*1664525 + 1013904223
		wave := math.Sin(float64(x)*0.11+float64(c))*math.Cos(float64(y)*0.09) + 0.25*float64((x/23+y/17)%2) + 0.06*float64((x/8+y/8)%2)
		v[i] = float32(0.42+0.28*wave) + float32(noise>>24)/255*0.04
	}
	return v
}

// Apart is how far an answer is from the image that it was made of, w × h pixels: the
// mean difference of blocks, in which detail does not count.
func Apart(in, out []float32, w, h, scale int) float64 {
	const side = 4
	var sum float64
	count := 0
	for c := range 3 {
		for y := 0; y+side <= h; y += side {
			for x := 0; x+side <= w; x += side {
				a := mean(in, c*w*h, w, x, y, side)
				b := mean(out, c*w*h*scale*scale, w*scale, x*scale, y*scale, side*scale)
				sum += math.Abs(a - b)
				count++
			}
		}
	}
	if math.IsNaN(sum) || count == 0 {
		return math.Inf(1)
	}
	return sum / float64(count)
}

func mean(v []float32, at, w, x, y, side int) (sum float64) {
	for row := range side {
		for _, n := range v[at+(y+row)*w+x:][:side] {
			sum += float64(n)
		}
	}
	return sum / float64(side*side)
}

// crop is what lies right of the first columns, of three planes of w × h values.
func crop(v []float32, w, h, columns int) []float32 {
	out := make([]float32, 0, 3*(w-columns)*h)
	for row := range 3 * h {
		out = append(out, v[row*w+columns:(row+1)*w]...)
	}
	return out
}
