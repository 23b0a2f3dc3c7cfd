package history

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"testing"
)

// What is kept in mind of a library without records is little.
func TestMemoryOfOutputs(t *testing.T) {
	const photos = 20_000
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	h := &History{}
	before := heap()
	for i := range photos {
		name := fmt.Sprintf("/srv/photos/restored/2024/05/IMG_%05d", i)
		hash := sha256.Sum256([]byte(name))
		h.remember(name+".jpg", []Output{{Path: name + ".png", Hash: hex.EncodeToString(hash[:])}, {Path: name + ".thumb.jpg", Hash: hex.EncodeToString(hash[:])}})
	}
	if each := (heap() - before) / photos; each > 350 {
		t.Errorf("%d bytes a photo of two outputs", each)
	} else {
		t.Logf("%d bytes a photo of two outputs", each)
	}
	if m, ok := h.madeSince("/srv/photos/restored/2024/05/IMG_00007.png"); !ok || m.photo != "/srv/photos/restored/2024/05/IMG_00007.jpg" {
		t.Errorf("%+v, %t", m, ok)
	}
	runtime.KeepAlive(h)
}
