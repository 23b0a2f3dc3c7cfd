package fidelity

import "github.com/burnish-photo/burnish/ops/vips"

// load takes the pixels of the unit that begins at column x.
func (u *unit) load(rows vips.Rows, x int) {
	u.w, u.h = min(u.unitWidth, u.width-x), rows.Height
	for y := range u.h {
		row := rows.Row(rows.Top + y)[x*u.bands:][:u.w*u.bands]
		if u.bands == 1 {
			for i, v := range row {
				u.pixels[0][y*u.unitWidth+i] = float32(v)
			}
			continue
		}
		at := y * u.unitWidth
		r, g, b := u.pixels[0][at:][:u.w], u.pixels[1][at:][:u.w], u.pixels[2][at:][:u.w]
		for i := range r {
			p := row[3*i:][:3]
			r[i], g[i], b[i] = float32(p[0]), float32(p[1]), float32(p[2])
		}
	}
	u.repeat()
}

// store puts them back.
func (u *unit) store(rows vips.Rows, x int) {
	for y := range u.h {
		row := rows.Row(rows.Top + y)[x*u.bands:][:u.w*u.bands]
		for b, pixels := range u.pixels[:u.bands] {
			for i, v := range pixels[y*u.unitWidth:][:u.w] {
				row[i*u.bands+b] = byte(v)
			}
		}
	}
}

// repeat makes the pixels outside of the picture those at its edge, as encoders do.
func (u *unit) repeat() {
	if u.w == u.unitWidth && u.h == u.unitHeight {
		return
	}
	for _, pixels := range u.pixels[:u.bands] {
		for y := range u.h {
			row := pixels[y*u.unitWidth:][:u.unitWidth]
			for i := u.w; i < u.unitWidth; i++ {
				row[i] = row[u.w-1]
			}
		}
		last := pixels[(u.h-1)*u.unitWidth:][:u.unitWidth]
		for y := u.h; y < u.unitHeight; y++ {
			copy(pixels[y*u.unitWidth:], last)
		}
	}
}

// sample makes the samples of block b from pixels, whose rows are that wide.
func (p *plane) sample(a *part, b, width int, pixels *[3][]float32) {
	x, y := 8*p.w*(b%p.h), 8*p.t*(b/p.h)
	f, share := p.from, 1/float32(p.w*p.t)
	for k := range f {
		f[k] *= share
	}
	for j := range 8 {
		line := a.values[8*j:][:8]
		for i := range line {
			line[i] = -p.shift
		}
		for t := range p.t {
			at := (y+j*p.t+t)*width + x
			r, g, b := pixels[0][at:][:8*p.w], pixels[1][at:][:8*p.w], pixels[2][at:][:8*p.w]
			switch p.w {
			case 1:
				r, g, b = r[:8], g[:8], b[:8]
				for i := range line {
					line[i] += f[0]*r[i] + f[1]*g[i] + f[2]*b[i]
				}
			case 2:
				r, g, b = r[:16], g[:16], b[:16]
				for i := range line {
					line[i] += f[0]*(r[2*i]+r[2*i+1]) + f[1]*(g[2*i]+g[2*i+1]) + f[2]*(b[2*i]+b[2*i+1])
				}
			default:
				for i := range r {
					line[i/p.w] += f[0]*r[i] + f[1]*g[i] + f[2]*b[i]
				}
			}
		}
	}
}

// spread adds to the pixels of block b what its samples are moved by.
func (p *plane) spread(move *block, b, width int, pixels [][]float32) {
	x, y := 8*p.w*(b%p.h), 8*p.t*(b/p.h)
	for k, values := range pixels {
		if p.to[k] == 0 {
			continue
		}
		for j := range 8 * p.t {
			line, row := move[j/p.t*8:][:8], values[(y+j)*width+x:][:8*p.w]
			for i := range row {
				row[i] += p.to[k] * line[i/p.w&7]
			}
		}
	}
}
