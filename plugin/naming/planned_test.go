package naming

import "testing"

func TestPlannedNames(t *testing.T) {
	var p planned
	if p.owner("/out/a.png") != "" {
		t.Error("a name is known before any is")
	}
	p.set("/out/a.png", "/in/x/a.jpg")
	p.set("/out/a.webp", "/in/x/a.jpg")
	p.set("/out/b.png", "/in/x/b.jpg")
	p.set("/out/c.png", "/in/y/c.jpg")
	for output, want := range map[string]string{"/out/a.png": "/in/x/a.jpg", "/out/a.webp": "/in/x/a.jpg", "/out/b.png": "/in/x/b.jpg", "/out/c.png": "/in/y/c.jpg", "/out/d.png": ""} {
		if got := p.owner(output); got != want {
			t.Errorf("%s is of %q, want %q", output, got, want)
		}
	}
	if len(p.folders) != 2 || len(p.photos) != 3 {
		t.Errorf("%d folders, %d photos", len(p.folders), len(p.photos))
	}
}
