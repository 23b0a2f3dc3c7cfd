package naming_test

import (
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/naming"
)

// nobody owns no file.
type nobody struct{}

func (nobody) Owner(string) (string, bool, error) { return "", false, nil }
func (nobody) Wrote(string, string) (bool, error) { return false, nil }
func (nobody) MadeSince(string) bool              { return false }
func (nobody) ProtectLast(string, string) error   { return nil }
func ownedBy(string, string) bool                 { return false }
func photo(path string) naming.Photo {
	return naming.Photo{Path: path, Owners: nobody{}, IsOwn: ownedBy, Fail: func(k failure.Kind, err error, remedy string) *failure.Error {
		return &failure.Error{Kind: k, Path: path, Err: err, Hint: remedy}
	}}
}

func TestPreviewOfAPhotoThatIsBeingDone(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.png")
	for _, collision := range []string{naming.Refuse, naming.Number} {
		for _, foreseen := range []bool{true, false} {
			c := naming.NewClaims()
			wishes := []naming.Wish{{Path: out, Collision: collision}}
			claimed, err := c.Claim(photo("/in/a.jpg"), wishes)
			if err != nil {
				t.Fatal(err)
			}
			names, err := c.Preview(photo("/in/a.jpg"), wishes, foreseen)
			if err != nil || names.Targets[0].Name != out {
				t.Errorf("%s: the photo itself: %+v, %v", collision, names, err)
			}
			other, err := c.Preview(photo("/in/b.jpg"), wishes, foreseen)
			if collision == naming.Refuse && err == nil || collision == naming.Number && (err != nil || other.Targets[0].Name == out) {
				t.Errorf("%s: another photo while it is done: %+v, %v", collision, other, err)
			}
			if _, err := c.Claim(photo("/in/a.jpg"), wishes); (err == nil) != (collision == naming.Number) {
				t.Errorf("%s: the names were given back by the preview: %v", collision, err)
			}
			claimed.Release()
		}
	}
}
