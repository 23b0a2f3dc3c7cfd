package worker

import (
	"errors"
	"fmt"
	"testing"
)

// A photo that ends the process when it is looked at is looked at once, however
// often it is asked for; others are shown.
func TestPhotosThatEndTheProcessAreNotShownAgain(t *testing.T) {
	var f fatalPhotos
	asked := 0
	die := func() error { asked++; return fmt.Errorf("%w: it ended", errDead) }
	for range 10 {
		if err := f.try([]byte(`{"photo":"a","picture":1}`), die); err == nil {
			t.Error("no error")
		}
	}
	if err := f.try([]byte(`{"Photo":"a","Level":3}`), die); err == nil || errors.Is(err, errDead) || asked != 1 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
	if err := f.try([]byte(`{"photo":"b"}`), func() error { return nil }); err != nil {
		t.Errorf("another photo: %v", err)
	}
	if err := f.try([]byte(`nonsense`), die); err == nil || asked != 1 {
		t.Errorf("nonsense is asked: %v", err)
	}
}
