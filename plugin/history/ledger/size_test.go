package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"go.etcd.io/bbolt"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// processed is a record of a photo that was restored, with a thumbnail, and the entry of its publication.
func processed(n int) (history.Record, journal.Entry) {
	root, out := "/srv/photos/ingest", "/srv/photos/restored"
	name := fmt.Sprintf("%d/%02d/IMG_%05d", 2000+n/1000, n/100%12+1, n)
	task := digest("settings") + " " + out
	now := time.Date(2026, 12, 1, 3, 4, 5, n*1000, time.UTC)
	r := done(root+"/"+name+".jpg", task, digest("c"+name))
	damage := 0.6
	r.Build, r.Root, r.Pipeline, r.Started, r.Finished = digest("build"), root, "photos", now, now.Add(3*time.Second)
	r.Stat = history.Stat{Size: 4_321_000 + int64(n), ModTime: now.Add(-time.Hour), Inode: 1_000_000 + uint64(n), Changed: now.Add(-time.Hour)}
	r.Mounts = []string{"ext4 /dev/nvme0n1p2 8a6f3c1e-3f7e-4a51-9a2a-0c3c0f7be111"}
	r.Notes = map[string]string{"model": "lite 0.5.0", "model_digest": digest("model"), "device": "cpu", "fidelity": "auto: 0.02% of coefficients held", "delta_e": "1.2"}
	r.Photo = &history.Photo{Format: "jpeg", Width: 4000, Height: 3000, Orientation: 1, Camera: "Canon EOS R5", Taken: now}
	r.Stats = ops.Stats{Pixels: 12e6, BytesRead: r.Stat.Size, Damage: &damage, Tiles: 48, Stages: map[ops.Stage]time.Duration{
		ops.StageAdmission: 12345, ops.StageEncode: 123456789, ops.StageVerify: 23456789, ops.StageRestore: 2345678901,
	}}
	e := journal.Entry{Act: journal.Published, Time: now, Photo: r.Path, Root: root, Task: task, Pipeline: "photos", Content: r.Content}
	for i, ending := range []string{".restored.jpg", ".thumb.jpg"} {
		path := out + "/" + name + ending
		r.Outputs = append(r.Outputs, history.Output{Path: path, Size: 1_234_567, Hash: digest(path), Place: i + 1})
		e.Files = append(e.Files, journal.File{To: path, ToTop: len(out), Size: 1_234_567, Hash: digest(path)})
	}
	return r, e
}

// A photo that is restored, with a thumbnail, takes few bytes of the ledger, which are
// told by table with -v.
func TestBytesAPhoto(t *testing.T) {
	const photos = 2000
	l := openTest(t)
	l.db.NoSync = true
	order := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < photos; from += 50 { // as several workers end them
		err := l.db.Update(func(tx *bbolt.Tx) error {
			for _, i := range order.Perm(50) {
				r, e := processed(from + i)
				intended := r
				intended.State, intended.Error, intended.ErrorClass = history.Failed, "interrupted while the outputs were published", "interrupted"
				ids, err := apply(tx, history.Change{Put: []history.Record{intended}, Log: []journal.Entry{e}})
				if err != nil {
					return err
				}
				e.ID, e.Settled = ids[0], true
				if _, err := apply(tx, history.Change{Put: []history.Record{r}, Log: []journal.Entry{e}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	_ = l.db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			s := b.Stats()
			total += (s.LeafAlloc + s.BranchAlloc) / photos
			t.Logf("%-16s %7d keys, %5d bytes a photo, %5d of them in use", name, s.KeyN, (s.LeafAlloc+s.BranchAlloc)/photos, (s.LeafInuse+s.BranchInuse)/photos)
			return nil
		})
	})
	if total > 3000 {
		t.Errorf("%d bytes a photo, want 3000 at most", total)
	}
}
