package plugin

import "testing"

func TestDivide(t *testing.T) {
	for _, c := range []struct {
		photos, cores int
		want          budget
	}{
		{0, 1, budget{1, 1, 1}}, {0, 2, budget{1, 2, 2}}, {0, 8, budget{4, 4, 8}}, {0, 64, budget{4, 4, 64}}, {3, 2, budget{3, 2, 2}},
	} {
		if got := divide(c.photos, c.cores); got != c.want {
			t.Errorf("%d photos on %d cores: %+v, want %+v", c.photos, c.cores, got, c.want)
		}
	}
}
