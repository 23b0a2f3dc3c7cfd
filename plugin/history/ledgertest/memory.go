package ledgertest

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
	"github.com/burnish-photo/burnish/plugin/history/journal"
)

// Memory is a [history.Store] without a disk, for tests of what uses one. It
// passes the suite; nothing of it outlives the process.
type Memory struct {
	pipelines
	mu       sync.Mutex
	records  map[id]history.Record
	makers   map[string]id     // by output
	outputs  map[string]string // by content, where it was written last
	mounts   map[string]string // by folder
	gone     map[mark]time.Time
	retained time.Time
	journal  []journal.Entry // by number, from 1; forgotten ones are zero
	made     map[string]bool // folders
	sequence uint64
	keys     map[id]catalog.Key
}

type id struct{ path, task string }

// mark is of what has been gone for a while: a record, or an output or its content
// that no record tells of.
type mark struct {
	record          id
	output, content string
}

var _ history.Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{records: map[id]history.Record{}, makers: map[string]id{}, outputs: map[string]string{}, mounts: map[string]string{}, gone: map[mark]time.Time{}, made: map[string]bool{}, keys: map[id]catalog.Key{}}
}

// Of implements [history.Reader].
func (m *Memory) Of(path string) ([]history.Record, error) {
	return m.all(func(r history.Record) bool { return r.Path == path }), nil
}

// ByContent implements [history.Reader].
func (m *Memory) ByContent(content string) ([]history.Record, error) {
	all := m.all(func(r history.Record) bool {
		return r.State == history.Done && r.Superseded == "" && r.Content == content
	})
	slices.SortStableFunc(all, func(a, b history.Record) int { return cmp.Compare(a.Task, b.Task) })
	return all, nil
}

// all are copies of the records of which is says so, by path and task.
func (m *Memory) all(is func(history.Record) bool) (all []history.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.records {
		if is(r) {
			all = append(all, clone(r))
		}
	}
	slices.SortFunc(all, func(a, b history.Record) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Task, b.Task))
	})
	return all
}

func clone(r history.Record) history.Record {
	r.Outputs, r.LeftOut, r.Mounts, r.Notes = slices.Clone(r.Outputs), slices.Clone(r.LeftOut), slices.Clone(r.Mounts), maps.Clone(r.Notes)
	if r.Review != nil {
		review := *r.Review
		review.Results = slices.Clone(review.Results)
		r.Review = &review
	}
	r.Former, r.Redo = slices.Clone(r.Former), slices.Clone(r.Redo)
	return r
}

// Maker implements [history.Reader].
func (m *Memory) Maker(output string) (history.Maker, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by, ok := m.makers[output]
	return history.Maker{Path: by.path, Task: by.task, Record: clone(m.records[by])}, ok, nil
}

// IsOutput implements [history.Reader].
func (m *Memory) IsOutput(content string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, is := m.outputs[content]
	return is, nil
}

// Put implements [history.Store].
func (m *Memory) Put(r history.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(clone(r))
	return nil
}

func (m *Memory) put(r history.Record) {
	this := id{r.Path, r.Task}
	m.drop(this)
	m.set(this, r)
	if r.Superseded != "" {
		return
	}
	for _, o := range r.Outputs {
		if before, made := m.makers[o.Path]; made && before != this {
			m.supersede(before, r)
		}
		m.makers[o.Path] = this
		delete(m.gone, mark{output: o.Path})
		if o.Hash != "" && o.Hash != r.Content {
			m.outputs[o.Hash] = o.Path
			delete(m.gone, mark{content: o.Hash})
		}
	}
	for _, o := range r.Former {
		if before, made := m.makers[o.Path]; !made || before.path == r.Path {
			m.makers[o.Path] = this
			delete(m.gone, mark{output: o.Path})
		}
	}
}

// supersede lets the record before make room for another.
func (m *Memory) supersede(before id, by history.Record) {
	r, ok := m.records[before]
	m.drop(before)
	if ok && r.Path != by.Path && r.State == history.Done {
		r.Superseded = by.Task
		m.set(before, r)
	}
}

// set keeps a record as the latest that was put.
func (m *Memory) set(this id, r history.Record) {
	m.sequence++
	m.records[this], m.keys[this] = r, catalog.KeyOf(r.Finished, m.sequence)
}

func (m *Memory) drop(record id) {
	delete(m.records, record)
	delete(m.gone, mark{record: record})
}

// Apply implements [history.Store].
func (m *Memory) Apply(c history.Change) (ids []uint64, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range c.Delete {
		m.drop(id{k.Path, k.Task})
	}
	for _, r := range c.Put {
		m.put(clone(r))
	}
	for _, e := range c.Log {
		e.Files, e.Of = slices.Clone(e.Files), slices.Clone(e.Of)
		if e.ID == 0 {
			m.journal = append(m.journal, e)
			e.ID = uint64(len(m.journal))
		}
		m.journal[e.ID-1] = e
		ids = append(ids, e.ID)
	}
	for _, n := range c.Forget {
		m.journal[n-1] = journal.Entry{}
	}
	for _, folder := range c.Made {
		m.made[folder] = true
	}
	for _, folder := range c.Unmade {
		delete(m.made, folder)
	}
	return ids, nil
}

// IsMade implements [history.Store].
func (m *Memory) IsMade(folder string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.made[folder], nil
}

// Entries implements [history.Store].
func (m *Memory) Entries(q journal.Query) (all []journal.Entry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range slices.Backward(m.journal) {
		if e.ID == 0 || q.Before > 0 && e.ID >= q.Before || q.Photo != "" && e.Photo != q.Photo || q.Unsettled && e.Settled {
			continue
		}
		if all = append(all, e); q.Limit > 0 && len(all) == q.Limit {
			break
		}
	}
	return all, nil
}

// Delete implements [history.Store].
func (m *Memory) Delete(path, task string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id{path, task})
	return nil
}

// Move implements [history.Store].
func (m *Memory) Move(from, to, task string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.records[id{from, task}]; ok {
		m.drop(id{from, task})
		r.Path, r.MovedTo = to, to
		m.put(r)
	}
	return nil
}

// Each implements [history.Store].
func (m *Memory) Each(failedOnly bool, f func(history.Record) error) error {
	return m.each(func(r history.Record) bool { return !failedOnly || r.HasFailed() }, f)
}

// EachReview implements [history.Store].
func (m *Memory) EachReview(f func(history.Record) error) error {
	return m.each(func(r history.Record) bool { return r.Review != nil }, f)
}

func (m *Memory) each(is func(history.Record) bool, f func(history.Record) error) error {
	for _, r := range m.all(is) {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// List implements [history.Store].
func (m *Memory) List(q catalog.Query) (all []history.Record, next string, err error) {
	from := catalog.KeyOf(time.Unix(1<<33-1, 0), 1<<64-1)
	if q.After != "" {
		if from, err = catalog.ParseKey(q.After); err != nil {
			return nil, "", err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var order []id
	for this, key := range m.keys {
		if _, there := m.records[this]; there && bytes.Compare(key[:], from[:]) < 0 {
			order = append(order, this)
		}
	}
	slices.SortFunc(order, func(a, b id) int {
		x, y := m.keys[a], m.keys[b]
		return bytes.Compare(y[:], x[:])
	})
	match := q.Matcher()
	for n, this := range order {
		if match.Matches(m.records[this].Entry().Append(nil)) {
			all = append(all, clone(m.records[this]))
		}
		if len(all) == q.Count() && n+1 < len(order) {
			return all, m.keys[this].String(), nil
		}
	}
	return all, "", nil
}

// ByID implements [history.Store].
func (m *Memory) ByID(id string) (history.Record, bool, error) {
	for _, r := range m.all(func(r history.Record) bool { return r.ID() == id }) {
		return r, true, nil
	}
	return history.Record{}, false, nil
}

// Page implements [history.Store].
func (m *Memory) Page(after history.Key, n int) ([]history.Record, error) {
	all := m.all(func(r history.Record) bool {
		return cmp.Or(cmp.Compare(r.Path, after.Path), cmp.Compare(r.Task, after.Task)) > 0
	})
	return all[:min(n, len(all))], nil
}

// Mount implements [history.Store].
func (m *Memory) Mount(folder string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mounts[folder], nil
}

// SetMount implements [history.Store].
func (m *Memory) SetMount(folder, mount string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mounts[folder] = mount
	return nil
}

// Close implements [history.Store].
func (m *Memory) Close() error { return nil }

// Retain implements [history.Store].
func (m *Memory) Retain(now time.Time, rule history.Rule) (n int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if since := now.Sub(m.retained); since >= 0 && since < 24*time.Hour {
		return 0, nil
	}
	last := m.retained
	m.retained = now
	for i, e := range m.journal {
		if e.Settled && e.Time.Before(now.Add(-rule.Keep)) && e.Time.Before(last.Add(7*24*time.Hour-rule.Keep)) {
			m.journal[i] = journal.Entry{}
		}
	}
	over := func(what mark, gone bool) bool {
		since, marked := m.gone[what]
		switch {
		case !gone:
			delete(m.gone, what)
		case !marked || since.After(now): // or the clock was wrong
			m.gone[what] = now
		case now.Sub(since) >= rule.Keep:
			delete(m.gone, what)
			return true
		}
		return false
	}
	named := map[string]bool{} // paths and contents of outputs that a record tells of
	for this, r := range m.records {
		gone := rule.Gone(clone(r))
		for _, o := range r.Outputs {
			named[o.Path], named[o.Hash] = named[o.Path] || !gone, named[o.Hash] || !gone
		}
		if !over(mark{record: this}, gone) {
			continue
		}
		m.drop(this)
		for _, o := range slices.Concat(r.Outputs, r.Former) {
			if m.makers[o.Path] == this {
				delete(m.makers, o.Path)
			}
		}
		if n++; rule.Dropped != nil {
			rule.Dropped(r)
		}
	}
	alone := func(output string) history.Record {
		return history.Record{Outputs: []history.Output{{Path: output}}}
	}
	for output, by := range m.makers {
		_, told := m.records[by]
		if over(mark{output: output}, !told && rule.Gone(alone(output))) {
			delete(m.makers, output)
		}
	}
	for content, output := range m.outputs {
		if over(mark{content: content}, !named[content] && (named[output] || rule.Gone(alone(output)))) {
			delete(m.outputs, content)
		}
	}
	return n, nil
}
