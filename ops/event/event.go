// Package event names the kinds of events that operators search the log for, and
// that programs are notified of. A line of the log that tells of one has it as
// an attribute:
//
//	log.Error("folder is degraded", event.FolderDegraded.Attr(), "folder", path)
//
// The package knows no format of a log and no receiver.
package event

import "log/slog"

// Kind is a kind of event. The value is stable: logs as JSON have it.
type Kind string

// Key is the attribute that holds a Kind.
const Key = "event"

// Attr is the attribute of a line that tells of an event of this kind.
func (k Kind) Attr() slog.Attr { return slog.Any(Key, k) }

// Detail is the value of an attribute for programs: text formats leave it out,
// since the message or another attribute says the same.
type Detail string

// Seconds is a time for programs alone.
type Seconds float64

// Detailed is an attribute for programs alone.
func Detailed(key, value string) slog.Attr { return slog.Any(key, Detail(value)) }

// Is returns the kind of event that a line tells of; "" for none.
func Is(r slog.Record) (kind Kind) {
	r.Attrs(func(a slog.Attr) bool {
		if k, ok := a.Value.Any().(Kind); ok && a.Key == Key {
			kind = k
		}
		return kind == ""
	})
	return kind
}
