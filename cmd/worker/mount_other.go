//go:build !linux

package worker

func mountOf(string) uint64 { return 0 }
