package worker

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// A descriptor that was looked at once was closed with the next garbage collection, the
// ledger was opened in its place, and log lines were written into it.
func TestADescriptorThatWasLookedAtStaysOpen(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if !isPipe(int(write.Fd())) {
		t.Error("a pipe is none")
	}
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if _, err := write.WriteString("x"); err != nil {
		t.Error(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if isPipe(int(file.Fd())) {
		t.Error("a device is a pipe")
	}
}
