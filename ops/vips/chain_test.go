package vips

import (
	"bytes"
	"testing"
)

func TestChain(t *testing.T) {
	p, err := FromMemory(bytes.Repeat([]byte{10}, 12), 4, 3, 1, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	before := Live()
	out, err := Chain(p, Op("linear", Args{"a": 2, "b": 1}), Op("cast", Args{"format": "uchar"}), SetBlob("xmp-data", []byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := out.Pixels()
	if blob, _ := out.Blob("xmp-data"); err != nil || pixels[0] != 21 || string(blob) != "x" {
		t.Errorf("%v, %q, %v", pixels, blob, err)
	}
	out.Close()
	same, err := Chain(p)
	if err != nil || same.Width() != 4 {
		t.Fatal(err)
	}
	same.Close()
	if out, err := Chain(p, Op("cast", Args{"format": "ushort"}), Op("nonsense", nil)); err == nil {
		out.Close()
		t.Error("an operation that does not exist was applied")
	}
	if n := Live() - before; n != 0 {
		t.Errorf("%d images were not closed", n)
	}
}
