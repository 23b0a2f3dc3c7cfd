package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/burnish-photo/burnish/plugin/history"
)

// pipelineKey begins the keys of pipelines as they were configured once. They
// are in the table of what is no record, which every release leaves alone.
const pipelineKey = "pipeline"

// Version implements [history.Reader]. One that cannot be read is not known.
func (l *Ledger) Version(settings string) (v history.Version, ok bool, err error) {
	err = l.view(func(t tables) error {
		ok = json.Unmarshal(t.meta.Get(join(pipelineKey, settings)), &v) == nil
		return nil
	})
	return v, ok, err
}

// SetVersion implements [history.Store].
func (l *Ledger) SetVersion(v history.Version) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = l.update(func(t tables) error { return t.meta.Put(join(pipelineKey, v.Settings), text) })
	}
	if err != nil {
		return fmt.Errorf("record pipeline %s in ledger %s: %w", v.Pipeline, l.db.Path(), err)
	}
	return nil
}

// DropVersion implements [history.Store].
func (l *Ledger) DropVersion(settings string) error {
	if err := l.update(func(t tables) error { return t.meta.Delete(join(pipelineKey, settings)) }); err != nil {
		return fmt.Errorf("forget a pipeline in ledger %s: %w", l.db.Path(), err)
	}
	return nil
}

// Versions implements [history.Store].
func (l *Ledger) Versions() (all []history.Version, err error) {
	err = l.view(func(t tables) error {
		all = nil
		prefix := join(pipelineKey, "")
		c := t.meta.Cursor()
		for k, text := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, text = c.Next() {
			var v history.Version
			if json.Unmarshal(text, &v) == nil {
				all = append(all, v)
			}
		}
		return nil
	})
	return all, err
}
