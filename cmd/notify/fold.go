package notify

import (
	"crypto/rand"
	"slices"
	"strconv"
	"time"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/event"
)

const (
	gather   = 5 * time.Second // how long a first event waits for others like it
	maxItems = 10              // that a message names
)

// fold is the events of one kind since the last message.
type fold struct {
	count       int
	first, last time.Time
	items       []Item // some of them, those of a folder once
	sent        time.Time
	id          string      // of the message
	due         *time.Timer // nil: nothing waits
	save        *time.Timer // nil: all is written down
}

func (f *fold) add(i Item, at time.Time) {
	if f.count == 0 {
		f.first, f.id = at, "msg_"+rand.Text()
	}
	f.count++
	f.last = at
	if i.Photo == "" && i.Folder != "" {
		f.items = slices.DeleteFunc(f.items, func(before Item) bool { return before.Folder == i.Folder })
	}
	if len(f.items) < maxItems {
		f.items = append(f.items, i)
	}
}

// forget drops what waits of a folder, and reports whether there was any.
func (f *fold) forget(folder string) bool {
	before := len(f.items)
	if folder == "" || f.due == nil {
		return false
	}
	f.items = slices.DeleteFunc(f.items, func(i Item) bool { return i.Folder == folder })
	if len(f.items) == before {
		return false
	}
	if len(f.items) == 0 {
		f.count = 0
	}
	return true
}

func (f *fold) reset(now time.Time) {
	if f.count > 0 {
		f.sent = now
	}
	f.count, f.items, f.due = 0, nil, nil
	if f.save != nil {
		f.save.Stop()
		f.save = nil
	}
}

// itemOf is what a message tells of an event.
func itemOf(e logging.Event) Item {
	i := Item{
		Time: e.Time, Photo: e.Text("photo"), File: e.Text("file"), Folder: e.Text("folder"), Pipeline: e.Text("pipeline"), Kind: e.Text("kind"),
		Reason: e.Text("reason"), Hint: e.Text("hint"), Dump: e.Text("dump"), Photos: number(e, "photos"), Failed: number(e, "failed"),
	}
	for _, key := range []string{"error", "cause"} {
		if i.Reason == "" {
			i.Reason = e.Text(key)
		}
	}
	for _, text := range []*string{&i.Photo, &i.File, &i.Folder, &i.Reason, &i.Hint} {
		*text = bounded(*text)
	}
	if e.Kind == event.BatchFinished {
		i.Folder = ""
	}
	return i
}

// bounded is text of a bounded length.
func bounded(text string) string {
	const most = 2000 // bytes
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func number(e logging.Event, key string) int {
	n, _ := strconv.Atoi(e.Text(key)) // 0 where there is none
	return n
}
