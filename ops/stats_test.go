package ops_test

import (
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
)

func TestAHostFollowsAPhotoByARecorderOfItsOwn(t *testing.T) {
	var host, photo ops.Recorder
	ctx := ops.WithRecorder(ops.WithRecorder(t.Context(), &host), &photo)
	ctx = ops.WithRecorder(ctx, &photo) // once more makes no circle
	r := ops.Recording(ctx)
	r.Source(100, 7)
	r.ExpectTiles(4)
	r.RestoredTiles(3)
	r.FellBack(ops.FallbackCPU)
	r.Spent(ops.StageEncode, time.Second)
	for name, r := range map[string]*ops.Recorder{"host": &host, "photo": &photo} {
		s := r.Stats()
		restored, expected := r.Tiles()
		if restored != 3 || expected != 4 || s.Pixels != 100 || s.Fallbacks[ops.FallbackCPU] != 1 || s.Stages[ops.StageEncode] != time.Second {
			t.Errorf("%s: %d of %d tiles, %+v", name, restored, expected, s)
		}
	}
	var none *ops.Recorder
	none.ExpectTiles(1) // records nothing
	none.RestoredTiles(1)
	none.Stats()
}
