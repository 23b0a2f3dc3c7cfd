package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/event"
)

// Message is what is told of the events of a kind. Its shape is that of Standard
// Webhooks.
type Message struct {
	ID        string     `json:"id"` // the same in each try
	Type      event.Kind `json:"type"`
	Timestamp time.Time  `json:"timestamp"`
	Data      Data       `json:"data"`
}

// Data are the events of a message.
type Data struct {
	Summary string    `json:"summary"` // in a line
	Host    string    `json:"host"`
	Version string    `json:"version"`
	Test    bool      `json:"test,omitempty"`
	Count   int       `json:"count"` // of events
	Since   time.Time `json:"since"` // of the first one
	Items   []Item    `json:"items"` // ten at most; the latest of each folder
}

// Item is one event.
type Item struct {
	Time     time.Time `json:"time"`
	Photo    string    `json:"photo,omitempty"`
	File     string    `json:"file,omitempty"` // of the library, missing or altered
	Folder   string    `json:"folder,omitempty"`
	Pipeline string    `json:"pipeline,omitempty"`
	Kind     string    `json:"kind,omitempty"` // of failure or finding
	Reason   string    `json:"reason,omitempty"`
	Hint     string    `json:"hint,omitempty"`
	Dump     string    `json:"dump,omitempty"`   // file with the output of a crashed worker
	Photos   int       `json:"photos,omitempty"` // of a batch
	Failed   int       `json:"failed,omitempty"` // of those
}

// message is what is folded; nil where nothing is.
func (f *fold) message(kind event.Kind, o Options) *Message {
	if f.count == 0 {
		return nil
	}
	return &Message{
		ID: f.id, Type: kind, Timestamp: f.last.UTC(),
		Data: Data{Summary: summary(kind, f.count, f.items), Host: o.Host, Version: o.Version, Count: f.count, Since: f.first.UTC(), Items: slices.Clone(f.items)},
	}
}

// summary is a message in a line.
func summary(kind event.Kind, count int, items []Item) string {
	what := func(one, many string) string {
		if count == 1 {
			return one
		}
		return fmt.Sprintf(many, count)
	}
	switch kind {
	case event.PhotoQuarantined:
		return what("a photo is in quarantine", "%d photos are in quarantine")
	case event.FolderDegraded:
		return "degraded: " + folders(items)
	case event.FolderBack:
		return "watched again: " + folders(items)
	case event.BreakerOpened:
		return "on hold, since photos fail for one cause: " + folders(items)
	case event.BreakerClosed:
		return "photos succeed again: " + folders(items)
	case event.DiskLow:
		return "on hold, since the disk is nearly full: " + folders(items)
	case event.DiskOK:
		return "there is space again: " + folders(items)
	case event.LibraryDamaged:
		return what("a file of the library is missing or altered", "%d files of the library are missing or altered")
	case event.WorkerCrashed:
		return "the worker process keeps crashing"
	case event.WorkerFailed:
		return "the worker process cannot be started"
	case event.BatchFinished:
		photos, failed := 0, 0
		for _, i := range items {
			photos, failed = photos+i.Photos, failed+i.Failed
		}
		text := fmt.Sprintf("%d photos are processed", photos)
		if failed > 0 {
			text += fmt.Sprintf(", %d of them failed", failed)
		}
		return text
	}
	return string(kind)
}

// folders names those of items.
func folders(items []Item) string {
	var names []string
	for _, i := range items {
		names = append(names, i.Folder)
	}
	return strings.Join(names, ", ")
}

// finding is what is wrong with a file of the library.
func finding(kind event.Kind, i Item) string {
	if kind != event.LibraryDamaged {
		return ""
	}
	return i.Kind
}

// body is the message as JSON.
func (m Message) body() ([]byte, error) { return json.Marshal(m) }

// text is the message for people. Names cannot begin a line.
func (m Message) text() string {
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(diag.Printable(fmt.Sprintf(format, args...)) + "\n")
	}
	line("%s", m.Data.Summary)
	line("")
	for _, i := range m.Data.Items {
		switch {
		case i.Photo != "":
			line("%s", i.Photo)
		case i.Folder != "":
			line("%s", i.Folder)
		case i.Photos > 0:
			line("%d photos, %d failed", i.Photos, i.Failed)
		}
		for _, more := range [][2]string{{"file", i.File}, {"kind", finding(m.Type, i)}, {"reason", i.Reason}, {"hint", i.Hint}, {"output", i.Dump}} {
			if more[1] != "" {
				line("    %s: %s", more[0], more[1])
			}
		}
	}
	if more := m.Data.Count - len(m.Data.Items); more > 0 {
		line("and %d more since %s", more, m.Data.Since.Local().Format(time.DateTime))
	}
	b.WriteString("\n-- \n")
	line("Burnish %s on %s, %s", m.Data.Version, m.Data.Host, m.Timestamp.Local().Format(time.RFC1123))
	return b.String()
}
