package jpeg

// luminance is the luma table of ITU-T T.81, annex K.1, in zigzag order.
var luminance = [64]int{
	16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
	26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
	56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
	95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
}

// scaled is entry i of the luma table that the IJG encoder writes at quality q,
// 1 to 100.
func scaled(i, q int) int {
	scale := 200 - 2*q
	if q < 50 {
		scale = 5000 / q
	}
	return min(max((luminance[i]*scale+50)/100, 1), 255)
}

// quality is the one whose table is nearest, by the sum of differences, each as
// a part of the entry, so that high frequencies do not outweigh low ones.
func quality(table *[64]int) (best int, exact bool) {
	least := -1.0
	for q := 100; q >= 1; q-- {
		var distance float64
		for i, v := range table {
			want := scaled(i, q)
			distance += abs(float64(v-want)) / float64(v+want)
		}
		if least < 0 || distance < least {
			best, least = q, distance
		}
	}
	return best, least == 0
}

func abs(x float64) float64 { return max(x, -x) }
