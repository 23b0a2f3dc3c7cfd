package onnx

import (
	"errors"
	"syscall"
	"testing"
	"unsafe"
)

// disposition is the kernel's struct sigaction on 64-bit Linux.
type disposition struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

func sigaction(t *testing.T, signal syscall.Signal, to *disposition) (old disposition) {
	t.Helper()
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal),
		uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(&old)), unsafe.Sizeof(old.mask), 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return old
}

// TestKeepSignals does what CUDA does: it takes a signal away from Go.
func TestKeepSignals(t *testing.T) {
	const signal = syscall.SIGUSR2
	before := sigaction(t, signal, nil)
	fault := errors.New("fault")
	err := keepSignals(func() error {
		sigaction(t, signal, &disposition{handler: 1}) // SIG_IGN
		if now := sigaction(t, signal, nil); now.handler != 1 {
			t.Errorf("handler is %#x", now.handler)
		}
		return fault
	})
	if !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
	after := sigaction(t, signal, nil)
	if after.handler != before.handler || after.flags&^0x04000000 != before.flags&^0x04000000 { // libc may add SA_RESTORER
		t.Errorf("was %+v, is %+v", before, after)
	}
}
