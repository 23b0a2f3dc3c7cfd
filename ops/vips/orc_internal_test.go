package vips

import (
	"sync"
	"testing"
)

func TestOperationsAreBuiltByManyThreads(t *testing.T) {
	checkLeaks(t)
	image, err := FromMemory(make([]byte, 64*64*3), 64, 64, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	before, version := orc()
	var all sync.WaitGroup
	for thread := range 6 {
		all.Go(func() {
			for i := range 40 {
				small, err := image.Do("reducev", Args{"vshrink": 1.5 + float64(thread) + float64(i%5)/7})
				if err != nil {
					t.Error(err)
					return
				}
				small.Close()
			}
		})
	}
	all.Wait()
	after, _ := orc()
	if version == "" {
		t.Skip("this libvips does not use Orc")
	}
	if after == before {
		t.Errorf("Orc %s compiled the loops of 240 operations, none of them under the lock", version)
	}
}
