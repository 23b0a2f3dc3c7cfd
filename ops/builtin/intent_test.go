package builtin_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/vips"
)

// perceptualOnly is a profile of CMYK, with a table for the perceptual intent
// alone, in which all inks look the same gray.
func perceptualOnly(t *testing.T) []byte {
	t.Helper()
	out, err := vips.Call("profile_load", vips.Args{"name": "cmyk"})
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(out["profile"].([]byte))
	for at := 132; at < 132+12*int(data[131]); at += 12 {
		from, size := binary.BigEndian.Uint32(data[at+4:]), binary.BigEndian.Uint32(data[at+8:])
		switch string(data[at : at+4]) {
		case "A2B0":
			table := data[from:][:size]
			copy(table[size/2:], bytes.Repeat([]byte{0x80}, int(size)))
		case "A2B1", "A2B2":
			data[at] = 'x'
		}
	}
	return data
}

// A profile that lacks a table for the intent that is asked for is used with the
// one it has, not passed over for another profile.
func TestConvertWithAnIntentThatTheProfileLacks(t *testing.T) {
	plain := chained(t, flat(t, 10, 200, 220, 20), call{"copy", vips.Args{"interpretation": "cmyk"}})
	defer plain.Close()
	press, err := plain.WithBlob(vips.FieldICC, perceptualOnly(t))
	if err != nil {
		t.Fatal(err)
	}
	defer press.Close()
	for _, intent := range []string{"perceptual", "relative", "saturation", "absolute"} {
		out, err := apply(t, builtin.Convert(), "{to: srgb, intent: "+intent+"}", press)
		if err != nil {
			t.Fatal(err)
		}
		got := pixel(t, out, 5, 5)
		near(t, intent, got, 2, 119, 119, 119)
		out.Close()
	}
}
