// Command negative is an operator of Burnish: it makes negatives of photos.
//
//	operators:
//	  negative: {command: [./negative]}
package main

import "github.com/burnish-photo/burnish/ops/process/client"

func main() {
	client.Main(client.Operator{
		Name: "negative", Version: "1", Depths: []int{8, 16},
		Rows: func(_ *client.Photo, _ int, rows []byte) error {
			for i := range rows {
				rows[i] = ^rows[i]
			}
			return nil
		},
	})
}
