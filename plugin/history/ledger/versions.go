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

// versions keeps pipelines.
type versions struct{ ledger *Ledger }

// Version implements [history.Reader]. One that cannot be read is not known.
func (s versions) Version(settings string) (v history.Version, ok bool, err error) {
	err = s.ledger.view(func(t tables) error {
		ok = json.Unmarshal(t.meta.Get(join(pipelineKey, settings)), &v) == nil
		return nil
	})
	return v, ok, err
}

// SetVersion implements [history.Store].
func (s versions) SetVersion(v history.Version) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = s.ledger.update(func(t tables) error { return t.meta.Put(join(pipelineKey, v.Settings), text) })
	}
	if err != nil {
		return fmt.Errorf("record pipeline %s in ledger %s: %w", v.Pipeline, s.ledger.db.Path(), err)
	}
	return nil
}

// DropVersion implements [history.Store].
func (s versions) DropVersion(settings string) error {
	if err := s.ledger.update(func(t tables) error { return t.meta.Delete(join(pipelineKey, settings)) }); err != nil {
		return fmt.Errorf("forget a pipeline in ledger %s: %w", s.ledger.db.Path(), err)
	}
	return nil
}

// Versions implements [history.Store].
func (s versions) Versions() (all []history.Version, err error) {
	err = s.ledger.view(func(t tables) error {
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
