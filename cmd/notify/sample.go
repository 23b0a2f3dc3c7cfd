package notify

import (
	"context"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

// samples are an event of each group.
var samples = []struct {
	kind event.Kind
	item Item
}{
	{event.PhotoQuarantined, Item{Photo: "/photos/example.jpg", Folder: "/photos", Kind: "damaged", Reason: "this is a test", Hint: "no action is needed"}},
	{event.FolderDegraded, Item{Folder: "/photos", Reason: "this is a test"}},
	{event.BatchFinished, Item{Photos: 100, Failed: 1, Reason: "this is a test"}},
	{event.WorkerCrashed, Item{Reason: "this is a test"}},
	{event.DiskLow, Item{Folder: "/photos", Reason: "this is a test"}},
	{event.LibraryDamaged, Item{Photo: "/photos/example.jpg", File: "/restored/example.jpg", Kind: "missing-output", Reason: "this is a test"}},
}

// Test sends one message of each group to each receiver that wants it, once, and
// reports how that went.
func (c Config) Test(ctx context.Context, o Options, report func(receiver, group string, err error)) {
	for _, t := range c.targets {
		for _, s := range samples {
			if !t.wants(groups[s.kind]) {
				continue
			}
			f := fold{}
			s.item.Time = time.Now()
			f.add(s.item, s.item.Time)
			m := f.message(s.kind, o)
			m.Data.Test, m.Data.Summary = true, "test: "+m.Data.Summary
			sending, stop := context.WithTimeout(ctx, deliverTimeout)
			report(t.name, groups[s.kind], t.send(sending, *m))
			stop()
		}
		if t.close != nil {
			t.close()
		}
	}
}
