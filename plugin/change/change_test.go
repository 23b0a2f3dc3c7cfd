package change_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/change"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
)

func version(settings string, resize string, outputs ...string) history.Version {
	v := history.Version{Settings: settings, Pipeline: "photos", Build: "b", Steps: []history.VersionStep{
		{Name: "promptcir", Settings: "p", Network: true}, {Name: "resize", Settings: resize},
	}}
	for _, o := range outputs {
		v.Outputs = append(v.Outputs, history.VersionOutput{Settings: o + resize, Path: o, Steps: []int{0, 1}})
	}
	return v
}

func TestCount(t *testing.T) {
	s := ledgertest.NewMemory()
	began := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(change.Register(s, []history.Version{version("old", "r1", "a", "b")}, began))
	in := t.TempDir()
	put := func(name, settings string, alone bool) {
		path := filepath.Join(in, name)
		check(os.WriteFile(path, nil, 0o644))
		r := history.Record{
			Key: history.Key{Path: path, Task: settings + " /out", Content: name}, Build: "b", State: history.Done, Root: in, Pipeline: "photos",
			Outputs: []history.Output{{Path: "/out/a" + name, Place: 1}, {Path: "/out/b" + name, Place: 2}}, Notes: map[string]string{},
			Stats: ops.Stats{Stages: map[ops.Stage]time.Duration{ops.StageRestore: 10 * time.Second, ops.StageEncode: 2 * time.Second}},
		}
		if alone {
			r.Notes["left_alone"] = "undamaged"
		}
		check(s.Put(r))
	}
	put("1", "old", false)
	put("2", "old", true)
	put("3", "old", false)
	if found, err := change.Count(t.Context(), s, true); err != nil || len(found.Changes) > 0 {
		t.Errorf("before any change: %+v, %v", found, err)
	}
	check(change.Register(s, []history.Version{version("new", "r2", "a", "b")}, began.Add(time.Hour)))
	put("4", "new", false)
	found, err := change.Count(t.Context(), s, true)
	if err != nil || len(found.Changes) != 1 || found.Changes[0].Folder != in {
		t.Fatalf("%+v, %v", found, err)
	}
	const want = "pipeline photos changed at step resize: 3 photos; 2 outputs each; network not needed for 1; about 13 s"
	if got := found.Changes[0].Text(2); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Nothing is made anew of a photo that is gone.
	check(os.Remove(filepath.Join(in, "3")))
	if found, err = change.Count(t.Context(), s, true); err != nil || len(found.Changes) != 1 || found.Changes[0].Photos != 2 {
		t.Errorf("with a photo gone: %+v, %v", found, err)
	}
	// Once nobody is of the old pipeline, it is forgotten.
	for _, name := range []string{"1", "2", "3"} {
		check(s.Delete(filepath.Join(in, name), "old /out"))
		put(name, "new", false)
	}
	if found, err = change.Count(t.Context(), s, true); err != nil || len(found.Changes) > 0 {
		t.Errorf("after all were done: %+v, %v", found, err)
	}
	if all, err := s.Versions(); err != nil || len(all) != 1 || all[0].Settings != "new" {
		t.Errorf("known are %+v, %v", all, err)
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{
		0.2: "1 s", 90: "90 s", 600: "10 min", 3*3600 + 10*60: "3 h 10 min", 5 * 86400: "5 days",
	} {
		if got := change.Duration(seconds); got != want {
			t.Errorf("%v is %q, want %q", seconds, got, want)
		}
	}
}
