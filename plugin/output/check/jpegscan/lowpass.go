package jpegscan

// lowPass are the cells' colours.
func (d *decoder) lowPass() LowPass {
	p := LowPass{Width: d.width, Height: d.height, Columns: over(d.width, d.cell), Rows: over(d.height, d.cell), Bands: len(d.components)}
	p.Values = make([]uint16, 0, p.Columns*p.Rows*p.Bands)
	var value [4]float64
	for y := range p.Rows {
		for x := range p.Columns {
			for i := range d.components {
				value[i] = d.components[i].mean(x, y, p.Columns, d.steps[d.components[i].table])
			}
			d.convert(&value)
			for _, v := range value[:p.Bands] {
				p.Values = append(p.Values, uint16(min(max(v, 0), 255)*257+0.5))
			}
		}
	}
	return p
}

// mean is the value of a cell: a block's is an eighth of its DC, around half
// of full scale.
func (c *component) mean(x, y, across int, step int32) float64 {
	blocks := (min((x+1)*c.cellH, c.columns) - x*c.cellH) * (min((y+1)*c.cellV, c.rows) - y*c.cellV)
	return float64(c.sums[y*across+x]*int64(step))/float64(8*max(1, blocks)) + 128
}

// convert turns a colour as it is stored into RGB or CMYK (JFIF; Adobe's
// technical note 5116, which stores the inks' complements).
func (d *decoder) convert(v *[4]float64) {
	n := len(d.components)
	if n == 3 && d.adobe != 0 || n == 4 && d.adobe == 2 {
		y, cb, cr := v[0], v[1]-128, v[2]-128
		v[0], v[1], v[2] = y+1.402*cr, y-0.344136*cb-0.714136*cr, y+1.772*cb
	}
	if n == 4 && d.adobe >= 0 {
		for i, x := range v {
			v[i] = 255 - x
		}
	}
}
