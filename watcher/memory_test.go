package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What a file takes that was sent and stays in its folder, its name of 13
// letters included, is told of in config/README.md.
func TestMemoryOfKnownFiles(t *testing.T) {
	const folders, each, most = 10, 500, 250
	dir, stage := t.TempDir(), t.TempDir()
	for i := range folders {
		sub := mkdir(t, stage, fmt.Sprint("album", i))
		for k := range each {
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("IMG_%05d.jpg", k)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	r := watch(t, dir)
	before := heap()
	for i := range folders {
		rename(t, filepath.Join(stage, fmt.Sprint("album", i)), filepath.Join(dir, fmt.Sprint("album", i)))
	}
	for range folders * each {
		r.next()
	}
	r.quiet()
	if got := (heap() - before) / (folders * each); got > most {
		t.Errorf("%d bytes a file, want %d at most", got, most)
	} else {
		t.Logf("%d bytes a file", got)
	}
}
