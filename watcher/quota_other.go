//go:build !linux

package watcher

func usage() (limit, others int) { return 0, 0 }
