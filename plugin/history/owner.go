package history

import (
	"encoding/hex"
	"fmt"
	"os"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// Owners know whose outputs files are, as far as a case may ask.
type Owners struct{ c *Case }

// Owners are those that the case asks.
func (c *Case) Owners() Owners { return Owners{c} }

// Owner is the photo that an output was made from, "" where Burnish does not
// know of it, and whether that photo was archived: then its outputs are all that
// a user may have left of it.
func (o Owners) Owner(name string) (photo string, archived bool, err error) {
	if o.c.reader == nil {
		m, _ := o.c.history.madeSince(name)
		return m.photo, false, nil
	}
	m, _, err := o.c.reader.Maker(name)
	return m.Path, m.Record.MovedTo != "", err
}

// Wrote reports whether the file of that name and content is an output.
func (o Owners) Wrote(name, hash string) (bool, error) {
	if o.c.reader == nil {
		m, known := o.c.history.madeSince(name)
		return known && hex.EncodeToString(m.hash[:]) == hash, nil
	}
	if owner, _, err := o.Owner(name); owner == "" || err != nil {
		return false, err
	}
	return Wrote(o.c.reader, name, hash)
}

// MadeSince reports whether an output was made since the engine was opened,
// where there are no records.
func (o Owners) MadeSince(name string) bool {
	_, ok := o.c.history.madeSince(name)
	return ok
}

func (h *History) madeSince(name string) (m made, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, ok = h.made[pathKeyOf(name)]
	return m, ok
}

// ProtectLast refuses to overwrite an output that no record tells of, as after
// the loss of a ledger, where it says itself that it is of other content and no
// file of that content is known: it may be all that is left of a photo that was
// archived.
func (o Owners) ProtectLast(name, format string) error {
	if o.c.reader == nil {
		return nil
	}
	m, ok, err := o.c.reader.Maker(name)
	if err != nil || ok && m.Record.Path != "" || m.Path == o.c.photo.Path {
		return err // whose it is decides
	}
	p, ok := metadata.ReadProvenance(name, format)
	if !ok || p.Source == o.c.photo.KnownHash() {
		return nil
	}
	if known, err := o.atHand(p.Source); known || err != nil {
		return err
	}
	return o.c.photo.Fail(failure.Protected, fmt.Errorf("the output %s is of another photo (SHA-256 %.16s…) of which no original is known here: it may be all that is left of it", name, p.Source),
		"this goes on by itself once that original is seen in a watched folder; else move the output away, or remove it")
}

// atHand reports whether a file that is known with that content is still there
// as it was.
func (o Owners) atHand(content string) (bool, error) {
	all, err := o.c.reader.ByContent(content)
	for _, known := range all {
		for _, path := range []string{known.Path, known.MovedTo} {
			info, err := os.Stat(path)
			if err == nil && info.Size() == known.Stat.Size && info.ModTime().Equal(known.Stat.ModTime) {
				return true, nil
			}
		}
	}
	return false, err
}

// Wrote reports whether a file of that name and content is one that its maker's
// record names, or any output that was ever written.
func Wrote(s Reader, output, content string) (bool, error) {
	m, _, err := s.Maker(output)
	if err != nil {
		return false, err
	}
	for _, o := range m.Record.Outputs {
		if o.Path == output && o.Hash == content {
			return true, nil
		}
	}
	return s.IsOutput(content)
}
