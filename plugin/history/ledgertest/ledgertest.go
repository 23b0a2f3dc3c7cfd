// Package ledgertest is what every [history.Store] has to do, as tests. A
// package with a store runs it:
//
//	func TestStore(t *testing.T) {
//		ledgertest.Run(t, func(t *testing.T) history.Store { … })
//	}
//
// That what was written survives a crash is for the store's own tests.
package ledgertest

import (
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
)

// Run tests stores that open makes. Each is empty and its test's alone; Run
// closes it.
func Run(t *testing.T, open func(t *testing.T) history.Store) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s history.Store)
	}{
		{"PutKeepsEveryField", putKeepsEveryField},
		{"PutReplaces", putReplaces},
		{"PutRefuses", putRefuses},
		{"NamesOfAnyBytes", namesOfAnyBytes},
		{"Of", of},
		{"ByContent", byContent},
		{"Outputs", outputs},
		{"FailureKeepsOutputsKnown", failureKeepsOutputsKnown},
		{"ReplacedOutputsVoidTheRecord", replacedOutputsVoidTheRecord},
		{"Superseded", superseded},
		{"FailedRecordsMakeRoom", failedRecordsMakeRoom},
		{"Delete", deletes},
		{"Move", moves},
		{"Each", each},
		{"EachReview", reviews},
		{"EachMayWrite", eachMayWrite},
		{"Mounts", mounts},
		{"Versions", versions},
		{"FormerFiles", formerFiles},
		{"List", lists},
		{"ListPages", listPages},
		{"ListFilters", listFilters},
		{"ByID", byID},
		{"ConcurrentUse", concurrentUse},
		{"WhatIsGoneIsDropped", whatIsGoneIsDropped},
		{"WhatComesBackStays", whatComesBackStays},
		{"RetainedOnceADay", retainedOnceADay},
		{"FormerOutputsAreForgottenInTheEnd", formerOutputsAreForgotten},
		{"Page", pages},
		{"ApplyIsOneChange", applyIsOneChange},
		{"JournalKeepsEveryField", journalKeepsEveryField},
		{"JournalByPhoto", journalByPhoto},
		{"JournalUnsettled", journalUnsettled},
		{"JournalForgetsWhatIsOld", journalForgetsWhatIsOld},
		{"JournalConcurrently", journalConcurrently},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			test.run(t, s)
		})
	}
}

// shot is a time that a store must keep to the nanosecond, with its zone.
var shot = time.Date(2024, 5, 17, 12, 30, 0, 123456789, time.FixedZone("", 7200))

// done is a record of path with content c that wrote the outputs named.
func done(path, task, c string, outputs ...string) history.Record {
	r := history.Record{
		Key:   history.Key{Path: path, Task: task, Content: c},
		Stat:  history.Stat{Size: 1000, ModTime: shot, Inode: 7, Changed: shot},
		State: history.Done,
	}
	for _, o := range outputs {
		r.Outputs = append(r.Outputs, history.Output{Path: o, Size: 10, Hash: hashOf(o, c)})
	}
	return r
}

func hashOf(output, content string) string { return "hash of " + output + " from " + content }

func put(t *testing.T, s history.Store, records ...history.Record) {
	t.Helper()
	for _, r := range records {
		if err := s.Put(r); err != nil {
			t.Fatal(err)
		}
	}
}

// find is the record of a path and task; ok is false where there is none.
func find(t *testing.T, s history.Store, path, task string) (history.Record, bool) {
	t.Helper()
	r, ok, err := Find(s, path, task)
	if err != nil {
		t.Fatal(err)
	}
	return r, ok
}

// maker is the path that an output was last made from, "" for none.
func maker(t *testing.T, s history.Store, output string) string {
	t.Helper()
	m, ok, err := s.Maker(output)
	if err != nil || ok != (m.Path != "") {
		t.Fatalf("the maker of %s is %+v, %t, %v", output, m, ok, err)
	}
	return m.Path
}

func isOutput(t *testing.T, s history.Store, content string) bool {
	t.Helper()
	is, err := s.IsOutput(content)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// paths are those of records, as tests compare them.
func paths(records []history.Record) (all []string) {
	for _, r := range records {
		all = append(all, r.Path+" "+r.Task)
	}
	return all
}
