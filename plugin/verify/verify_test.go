package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// library has n photos with an output each, and their records.
func library(t *testing.T, n int) (root string, v *Verifier) {
	t.Helper()
	root = t.TempDir()
	v = &Verifier{Store: ledgertest.NewMemory(), StateDir: filepath.Join(root, "state")}
	for i := range n {
		photo, out := filepath.Join(root, fmt.Sprintf("in/%d.jpg", i)), filepath.Join(root, fmt.Sprintf("out/%d.png", i))
		for _, path := range []string{photo, out} {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(path), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(photo)
		if err != nil {
			t.Fatal(err)
		}
		err = v.Store.Put(history.Record{
			Key: history.Key{Path: photo, Task: "s " + root + "/out", Content: hashOf(photo)}, Root: root + "/in", State: history.Done, Stat: history.StatOf(info),
			Outputs: []history.Output{{Path: out, Size: int64(len(out)), Hash: hashOf(out)}}, Mounts: mounts.Cache{}.Names([]string{photo, out}, nil), Finished: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return root, v
}

func all(t *testing.T, v *Verifier, q Request) (findings []Finding, c Count) {
	t.Helper()
	for {
		p, err := v.Verify(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		findings = append(findings, p.Findings...)
		c.Add(p.Count)
		if q.After = p.After; p.Done {
			return findings, c
		}
	}
}

func TestPagesLookAtEachPhotoOnce(t *testing.T) {
	_, v := library(t, 300)
	for _, q := range []Request{{}, {Time: time.Nanosecond}, {Most: 1}, {Quick: true}} {
		if found, c := all(t, v, q); len(found) > 0 || c.Photos != 300 || c.Outputs != 300 || (c.Bytes == 0) != q.Quick {
			t.Errorf("%+v: %v, %+v", q, found, c)
		}
	}
}

func TestWhatIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(root string)
		want Kind
	}{
		"output gone":      {func(root string) { os.Remove(root + "/out/0.png") }, MissingOutput},
		"folder gone":      {func(root string) { os.RemoveAll(root + "/out") }, MissingOutput},
		"output altered":   {func(root string) { os.WriteFile(root+"/out/0.png", []byte("x"), 0o644) }, AlteredOutput},
		"output a link":    {func(root string) { os.Rename(root+"/out/0.png", root+"/x"); os.Symlink(root+"/x", root+"/out/0.png") }, AlteredOutput},
		"output a folder":  {func(root string) { os.Remove(root + "/out/0.png"); os.Mkdir(root+"/out/0.png", 0o755) }, AlteredOutput},
		"original gone":    {func(root string) { os.Remove(root + "/in/0.jpg") }, MissingOriginal},
		"original altered": {func(root string) { os.WriteFile(root+"/in/0.jpg", []byte("x"), 0o644) }, AlteredOriginal},
	} {
		t.Run(name, func(t *testing.T) {
			root, v := library(t, 1)
			c.do(root)
			found, _ := all(t, v, Request{})
			if len(found) != 1 || found[0].Kind != c.want || found[0].Hint == "" {
				t.Errorf("%+v, want %s", found, c.want)
			}
			found, _ = all(t, v, Request{Heal: Missing})
			if healed := found[0].Healed; healed != (c.want == MissingOutput) {
				t.Errorf("healed %t", healed)
			}
		})
	}
}

// What Burnish makes anew while it is looked at is no finding.
func TestAnOutputThatIsMadeAnew(t *testing.T) {
	root, v := library(t, 1)
	if err := os.WriteFile(root+"/out/0.png", []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := v.Store.Page(history.Key{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := look{Verifier: v, ctx: t.Context(), record: r[0], mounts: mounts.Cache{}}
	now := r[0]
	now.Finished, now.Outputs = time.Now().Add(time.Second), []history.Output{{Path: root + "/out/0.png", Size: 7, Hash: hashOf("another")}}
	if err := v.Store.Put(now); err != nil {
		t.Fatal(err)
	}
	if l.run(); len(l.findings) > 0 || l.err != nil {
		t.Errorf("%+v, %v", l.findings, l.err)
	}
}

// An altered output stays until it is made again, and is known as one to be kept.
func TestAlteredOutputsAreKept(t *testing.T) {
	root, v := library(t, 2)
	if err := os.WriteFile(root+"/out/1.png", []byte("edited"), 0o644); err != nil {
		t.Fatal(err)
	}
	found, _ := all(t, v, Request{Heal: Altered})
	if len(found) != 1 || !found[0].Healed {
		t.Fatalf("%+v", found)
	}
	if data, _ := os.ReadFile(root + "/out/1.png"); string(data) != "edited" {
		t.Errorf("before it is made again, it holds %q", data)
	}
	of, _ := v.Store.Of(root + "/in/1.jpg")
	if len(of) != 1 || of[0].State != history.Requeued || len(of[0].Altered) != 1 || of[0].Altered[0].Hash != hashOf("edited") {
		t.Errorf("%+v", of)
	}
	if of, _ := v.Store.Of(root + "/in/0.jpg"); of[0].State != history.Done {
		t.Error("another is made again, too")
	}
}

func TestPaths(t *testing.T) {
	root, v := library(t, 3)
	for path, want := range map[string]int{"/in/1.jpg": 1, "/out/2.png": 1, "/in": 3, "/in/": 3, "/i": 0} {
		if _, c := all(t, v, Request{Paths: []string{root + path}}); c.Photos != want {
			t.Errorf("%s: %d photos, want %d", path, c.Photos, want)
		}
	}
}
