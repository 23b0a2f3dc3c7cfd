package cluster

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

// TestReasonsOfAnyBytesArrive sends reasons that are no UTF-8 or are cut within a
// character: JSON makes such bytes longer.
func TestReasonsOfAnyBytesArrive(t *testing.T) {
	for _, reason := range []string{strings.Repeat("\xe9", mostText), strings.Repeat("€", mostText), "\xff" + strings.Repeat("x", 2*mostText), "kept"} {
		a := Answer{Protocol: Protocol, Owner: "o", Epoch: 1, ID: "j", Try: 1, Worker: "w", Failure: &Failure{Kind: plugin.Damaged, Reason: Bounded(reason)}}
		data, err := Encode(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeAnswer(data); err != nil {
			t.Errorf("a reason of %d bytes, such as %.4q: %v", len(reason), reason, err)
		}
	}
}

func TestJobsOfAnySizeAreRefused(t *testing.T) {
	j := Job{Protocol: Protocol, Owner: "o", ID: "j", Try: 1, Content: Digest(nil), Parcel: Digest(nil), Build: Digest(nil), Size: MostPhoto}
	for size, want := range map[int64]bool{MostPhoto: true, MostPhoto + 1: false, 1<<63 - 1: false, 0: false} {
		j.Size = size
		data, err := Encode(j)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeJob(data); (err == nil) != want {
			t.Errorf("a job of %d bytes: %v", size, err)
		}
	}
}
