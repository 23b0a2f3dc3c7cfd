package cmd_test

import (
	"context"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops"
)

// mine is an operator that goes off at photos whose names ask for it.
type mine struct{}

var mineSpec = ops.Spec{Name: "mine", Summary: "for tests", Version: 1, Sequential: true, Config: func() ops.Config { return &mine{} }}

func (mine) Validate() error                                      { return nil }
func (mine) Build(context.Context, ops.Env) (ops.Operator, error) { return mine{}, nil }

func (mine) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	name := in[0].Source.Path
	switch {
	case strings.Contains(name, "crash"):
		// As a decoder that steps on foreign memory.
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSEGV)
		select {}
	case strings.Contains(name, "hang"):
		select {}
	case strings.Contains(name, "grow"):
		var all [][]byte
		for {
			b := make([]byte, 32<<20)
			for i := range b {
				b[i] = byte(i)
			}
			all = append(all, b)
			time.Sleep(50 * time.Millisecond)
			if len(all) > 100 {
				select {}
			}
		}
	}
	return in[0].Same(), nil
}
