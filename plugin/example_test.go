package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/output"
)

// fade is an operator of the host's own: it mixes a photo with grey.
type fade struct {
	Strength float64 `yaml:"strength" range:"0,1"`
}

func (f *fade) Build(context.Context, ops.Env) (ops.Operator, error) { return f, nil }

func (f *fade) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	mixed, err := in[0].Pixels.Do("linear", vips.Args{"a": []float64{1 - f.Strength}, "b": []float64{128 * f.Strength}, "uchar": true})
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(mixed), nil
}

// A media server embeds Burnish, with an operator of its own beside the ones
// that ship.
func Example() {
	// A host calls plugin.Start once, before anything else:
	//
	//	stop, err := plugin.Start(plugin.Runtime{})
	//
	// and stop when it ends.
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "gallery-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	registry, err := ops.NewRegistry(append(builtin.Specs(), ops.Spec{
		Name: "fade", Version: 1, Sequential: true, Summary: "mix with grey",
		Config: func() ops.Config { return &fade{Strength: 0.5} },
	})...)
	if err != nil {
		panic(err)
	}
	restore, err := plugin.NewStep("promptcir", map[string]any{"model": "lite"})
	if err != nil {
		panic(err)
	}
	faded, err := plugin.NewStep("fade", fade{Strength: 0.3})
	if err != nil {
		panic(err)
	}
	file, err := output.New("{stem}.faded.jpg")
	if err != nil {
		panic(err)
	}
	if err := file.Encode("jpeg", map[string]any{"quality": 90}); err != nil {
		panic(err)
	}
	c := plugin.DefaultConfig()
	c.Pipelines = map[string]plugin.Pipeline{
		"faded": {Steps: []graph.Step{restore, faded}, Outputs: []output.Config{file}},
	}
	engine, err := plugin.Open(ctx, c, registry)
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	result, err := engine.Process(ctx, plugin.Job{
		Path:     "../packaging/demo/photos/osprey-q10.jpg",
		Pipeline: "faded",
		Output:   folder,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(result.State, filepath.Base(result.Outputs[0].Path))
	// Output: done osprey-q10.faded.jpg
}

// A host that has photos as streams needs no folders. The engine keeps photo and
// output in scratch files and writes what it has verified.
func ExampleEngine_Transform() {
	engine, closeEngine := openEngine()
	defer closeEngine()
	photo, err := os.Open("../packaging/demo/photos/osprey-q10.jpg")
	if err != nil {
		panic(err)
	}
	defer photo.Close()
	var restored bytes.Buffer // or an http.ResponseWriter
	result, err := engine.Transform(context.Background(), plugin.Stream{
		Source: photo, Name: "osprey.jpg", Pipeline: "restore",
	}, &restored)
	if err != nil {
		panic(err)
	}
	fmt.Println(result.State, result.Outputs[0].Format, result.Outputs[0].Size == int64(restored.Len()))
	// Output: done png true
}

// Progress comes by stage. The end of the context, such as that of an HTTP
// request, ends the work.
func ExampleEngine_Transform_progress() {
	engine, closeEngine := openEngine()
	defer closeEngine()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stages := map[plugin.Stage]bool{}
	_, err := engine.Transform(ctx, plugin.Stream{
		Path: "../packaging/demo/photos/osprey-q10.jpg", Pipeline: "restore",
		Progress: func(p plugin.Progress) { stages[p.Stage] = true }, // p.Fraction of it is done
	}, io.Discard)
	var failed *plugin.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.Kind, failed.Hint) // what it is, and what to do about it
		return
	}
	fmt.Println(err, stages["restore"])
	// Output: <nil> true
}

// openEngine opens an engine whose pipeline restores a photo and makes a PNG of
// it.
func openEngine() (engine *plugin.Engine, closeEngine func()) {
	registry, err := ops.NewRegistry(builtin.Specs()...)
	if err != nil {
		panic(err)
	}
	restore, err := plugin.NewStep("promptcir", nil) // with its defaults
	if err != nil {
		panic(err)
	}
	file, err := output.New("{stem}.png")
	if err != nil {
		panic(err)
	}
	c := plugin.DefaultConfig()
	c.Pipelines = map[string]plugin.Pipeline{"restore": {Steps: []graph.Step{restore}, Outputs: []output.Config{file}}}
	engine, err = plugin.Open(context.Background(), c, registry)
	if err != nil {
		panic(err)
	}
	return engine, func() {
		if err := engine.Close(); err != nil {
			panic(err)
		}
	}
}
