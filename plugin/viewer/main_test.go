package viewer

import (
	"syscall"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o644) }
