package vips

import "fmt"

// An operator in Go: every pixel becomes the mean of itself and the one below.
func ExampleImage_Strips() {
	image, err := FromMemory([]byte{0, 100, 200, 100}, 1, 4, 1, "uchar")
	if err != nil {
		panic(err)
	}
	defer image.Close()
	soft, err := image.Strips(Strips{Height: 2, Below: 1, Func: func(in, out Rows) error {
		for y := out.Top; y < out.Top+out.Height; y++ {
			below := min(y+1, in.Top+in.Height-1)
			for x, v := range in.Row(y)[:out.Width*out.Bands] {
				out.Row(y)[x] = byte((int(v) + int(in.Row(below)[x])) / 2)
			}
		}
		return nil
	}})
	if err != nil {
		panic(err)
	}
	defer soft.Close()
	pixels, err := soft.Pixels()
	fmt.Println(pixels, err)
	// Output: [50 150 150 100] <nil>
}

func ExampleImage_Do() {
	image, err := FromMemory(make([]byte, 400*300), 400, 300, 1, "uchar")
	if err != nil {
		panic(err)
	}
	defer image.Close()
	small, err := image.Do("thumbnail_image", Args{"width": 80})
	if err != nil {
		panic(err)
	}
	defer small.Close()
	fmt.Println(small.Width(), small.Height())

	_, err = image.Do("gaussblur", Args{"sgima": 2.0})
	fmt.Println(err)
	// Output:
	// 80 60
	// gaussblur: no argument "sgima"; did you mean "sigma"?
}
