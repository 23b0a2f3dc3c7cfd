//go:build !linux

package cmd

func mountOf(string) uint64 { return 0 }
