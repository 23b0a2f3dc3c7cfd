package ledgertest

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history"
)

func versions(t *testing.T, s history.Store) {
	if v, ok, err := s.Version("s1"); ok || err != nil {
		t.Fatalf("an empty store has a version: %+v, %v", v, err)
	}
	want := history.Version{
		Settings: "s1", Pipeline: "photos", Since: shot, Until: shot.AddDate(1, 0, 0),
		Outputs: []history.VersionOutput{{Settings: "o1", Path: "{stem}.jpg", Steps: []int{0, 1}}},
		Steps:   []history.VersionStep{{Name: "promptcir", Settings: "p1", Network: true}, {Name: "resize", Settings: "p2"}},
		Builds:  map[string][]string{"b": {"b1"}},
	}
	for _, v := range []history.Version{{Settings: "s2", Pipeline: "other"}, {Settings: "s1", Pipeline: "replaced"}, want} {
		if err := s.SetVersion(v); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok, err := s.Version("s1"); !ok || err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %t, %v; want %+v", got, ok, err, want)
	}
	if all, err := s.Versions(); err != nil || len(all) != 2 || all[0].Settings != "s1" || all[1].Settings != "s2" {
		t.Errorf("all are %+v, %v", all, err)
	}
	for range 2 {
		if err := s.DropVersion("s2"); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.Versions(); err != nil || len(all) != 1 {
		t.Errorf("all but one are %+v, %v", all, err)
	}
}

// formerFiles belong to the record that names them, where nobody else made them
// since.
func formerFiles(t *testing.T, s history.Store) {
	put(t, s, done("/in/a.jpg", "w1", "c1", "/out/a.jpg", "/out/small.jpg"), done("/in/b.jpg", "w1", "c2", "/out/b.jpg"))
	r := done("/in/a.jpg", "w2", "c1", "/out/a.jpg")
	r.Former = []history.Output{{Path: "/out/small.jpg", Hash: "h"}, {Path: "/out/b.jpg"}}
	put(t, s, r)
	if m, _, err := s.Maker("/out/small.jpg"); err != nil || m.Path != "/in/a.jpg" || m.Record.Task != "w2" {
		t.Errorf("the former file is %+v's, %v", m, err)
	}
	if got := maker(t, s, "/out/b.jpg"); got != "/in/b.jpg" {
		t.Errorf("another photo's file became %s's", got)
	}
	if b, ok := find(t, s, "/in/b.jpg", "w1"); !ok || b.Superseded != "" {
		t.Errorf("the other photo's record is %+v, %t", b, ok)
	}
}

// pipelines are the versions of a [Memory].
type pipelines struct {
	mu       sync.Mutex
	versions map[string]history.Version
}

// Version implements [history.Reader].
func (p *pipelines) Version(settings string) (history.Version, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.versions[settings]
	return v, ok, nil
}

// SetVersion implements [history.Store].
func (p *pipelines) SetVersion(v history.Version) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.versions == nil {
		p.versions = map[string]history.Version{}
	}
	p.versions[v.Settings] = v
	return nil
}

// DropVersion implements [history.Store].
func (p *pipelines) DropVersion(settings string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.versions, settings)
	return nil
}

// Versions implements [history.Store].
func (p *pipelines) Versions() ([]history.Version, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.versions), func(a, b history.Version) int { return cmp.Compare(a.Settings, b.Settings) }), nil
}
