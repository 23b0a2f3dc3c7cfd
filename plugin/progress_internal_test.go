package plugin

import (
	"testing"

	"github.com/burnish-photo/burnish/ops"
)

// Work that is left behind, such as an operator that heeds no context, may tell of
// progress after the end.
func TestProgressAfterTheEnd(t *testing.T) {
	ended := false
	ctx, end := followed(t.Context(), func(Progress) {
		if ended {
			t.Error("the host hears of progress after the end")
		}
	})
	ops.Progress(ctx)
	end()
	ended = true
	for range 100 {
		ops.Progress(ctx)
	}
}
