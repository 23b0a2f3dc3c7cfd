package ledger

import (
	"reflect"
	"testing"
)

// Names of files hold any bytes but zero, and a record tells each apart.
func TestNamesThatAreNotUTF8(t *testing.T) {
	for _, name := range []string{"/in/plain.jpg", "/in/été.jpg", "/in/no\xffphoto.jpg", "/in/\xc3", "/in/\xff\xfe00", "/in/repl\ufffd.jpg", "/in/\xed\xa0\x80.jpg"} {
		dir := t.TempDir()
		l, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		want := Entry{Key: Key{Path: name, Work: "w", Content: "c"}, State: Done, Outputs: []Output{{Path: "/out" + name, Hash: "h"}}, MovedTo: "/done" + name, Mounts: []string{"/mnt" + name}}
		if err := l.Put(want); err != nil {
			t.Fatal(err)
		}
		got, ok, err := l.Find(name, "w")
		if err != nil || !ok || got.Path != name || got.MovedTo != want.MovedTo || !reflect.DeepEqual(got.Outputs, want.Outputs) || !reflect.DeepEqual(got.Mounts, want.Mounts) {
			t.Errorf("%q came back as %+v, %v", name, got, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
