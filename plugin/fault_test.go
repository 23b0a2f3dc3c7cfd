package plugin_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin"
)

// faulty is an operator with a fault for photos of 20 pixels in width.
type faulty struct{}

func (faulty) Build(context.Context, ops.Env) (ops.Operator, error) { return faulty{}, nil }
func (faulty) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	if in[0].Source.Width == 20 {
		var none []int
		_ = none[in[0].Source.Width]
	}
	return in[0].With(in[0].Pixels.Ref()), nil
}

func TestAPanicIsAFailureOfOnePhoto(t *testing.T) {
	b := &fixture{T: t, folder: t.TempDir(), config: strings.Replace(small, "- resize: {width: 64, height: 64}", "- faulty", 1), options: []plugin.Option{plugin.WithLedger()}}
	b.specs = []ops.Spec{{Name: "faulty", Version: 1, Config: func() ops.Config { return &faulty{} }}}
	b.open()
	a := b.photo("a.jpg", 20, 10, 1)
	b.fails(a, plugin.StepFailed, "internal error", "index out of range")
	b.done(b.photo("b.jpg", 30, 10, 1))
	if all, err := b.engine.Records().Failures(); err != nil || len(all) != 1 || all[0].Path != a || all[0].Strikes != 1 {
		t.Errorf("recorded: %+v, %v", all, err)
	}
}

func TestAFolderThatIsNotBurnishsIsNeverReplaced(t *testing.T) {
	for _, options := range [][]plugin.Option{nil, {plugin.WithLedger()}} {
		b := newFixture(t, outputs(`{path: "{stem}", tiles: {}, collision: overwrite}`), options...)
		path := b.photo("holiday.jpg", 60, 50, 1)
		mine := b.write("out/holiday/original.jpg", []byte("the only one"))
		j := b.job(path)
		j.Overwrite = true
		_, err := b.engine.Process(t.Context(), j)
		if err == nil || !strings.Contains(err.Error(), "not as Burnish made it") {
			t.Errorf("got %v", err)
		}
		if data, _ := os.ReadFile(mine); string(data) != "the only one" {
			t.Error("the folder was replaced")
		}
		// Its own folder is replaced.
		if err := os.RemoveAll(b.path("out/holiday")); err != nil {
			t.Fatal(err)
		}
		b.run(j)
		b.photo("holiday.jpg", 60, 50, 2)
		if r := b.run(j); r.State != plugin.Done {
			t.Errorf("%+v", r)
		}
	}
}

func TestAFolderWithOriginalsIsNeverReplaced(t *testing.T) {
	b := newFixture(t, outputs(`{path: "{stem}", tiles: {}}`))
	path := b.photo("holiday.jpg", 60, 50, 1)
	other := b.photo("holiday/other.jpg", 60, 50, 2)
	for _, test := range []struct {
		photo string
		words string
	}{{path, "would replace the folder of the original " + other}, {other, "would replace the original's folder"}} {
		b.options = []plugin.Option{plugin.WithSources(other)}
		if test.photo == other {
			b.config, b.options = strings.Replace(b.config, `"{stem}"`, `"holiday"`, 1), nil
		}
		b.reopen()
		j := b.job(test.photo)
		j.Output, j.Overwrite = j.Root, true
		if _, err := b.engine.Process(t.Context(), j); err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("got %v", err)
		}
	}
}
