package metadata

import (
	"bytes"
	"testing"
)

// FuzzKeepIPTC requires what is left to be a part of what was there, in order, and
// the same again.
func FuzzKeepIPTC(f *testing.F) {
	f.Add([]byte("\x1c\x01\x5a\x00\x03\x1b%G\x1c\x02\x50\x00\x03Ann\x1c\x02\x5a\x00\x05Ghent"))
	f.Add([]byte("\x1c\x02\x50\x80\x04\x00\x00\x00\x03Ann"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range []Policy{{Strip: []string{"gps"}}, {Keep: []string{"copyright"}}, {Strip: []string{"iptc"}}} {
			left := p.keepIPTC(data)
			if len(left) > len(data) || !bytes.Equal(p.keepIPTC(left), left) {
				t.Errorf("%v leaves %q, and of that %q", p, left, p.keepIPTC(left))
			}
		}
	})
}
