package ledger

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history"
	"go.etcd.io/bbolt"
)

// What earlier releases wrote is read, and what is damaged is refused.
func TestUnpack(t *testing.T) {
	text := []byte(`{"path":"/a","work":"w"}`)
	packed, err := pack(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range [][]byte{text, packed} {
		if got, err := unpack(value); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%q, %v", got, err)
		}
	}
	for _, value := range [][]byte{packed[:len(packed)/2], {packed1}, append([]byte{packed1}, bytes.Repeat([]byte{0xff}, 40)...)} {
		if got, err := unpack(value); err == nil {
			t.Errorf("%x unpacked as %q", value, got)
		}
	}
}

// A ledger of schema 3 has plain records, which are read and, once they are put, packed.
func TestSchemaThree(t *testing.T) {
	l := openTest(t)
	r := done("/in/a.jpg", "w", "c1", "/out/a.png")
	value, err := json.Marshal(versioned{r, 7})
	if err != nil {
		t.Fatal(err)
	}
	err = l.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(recordsBucket).Put(join(r.Path, r.Task), value) })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		all, err := l.Of(r.Path)
		if err != nil || len(all) != 1 || all[0].State != history.Done || len(all[0].Outputs) != 1 {
			t.Errorf("%+v, %v", all, err)
		}
		put(t, l, r)
	}
}

// The dictionary is what ledgers were packed with.
func TestTheDictionaryStays(t *testing.T) {
	if got := digest(string(dictionary1)); got != "f0a68e8a0c0d417a9dbf6c3a03bdca61f76e96d72e9946dc03608b54b09c7c4c" {
		t.Errorf("the dictionary has become another, of digest %s: give it a byte of its own, and keep the former", got)
	}
}
