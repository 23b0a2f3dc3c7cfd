package admission_test

import (
	"testing"

	"github.com/burnish-photo/burnish/plugin/admission"
)

func TestDivideCPU(t *testing.T) {
	for _, c := range []struct {
		concurrency, cores int
		want               admission.CPUBudget
	}{
		{0, 1, admission.CPUBudget{Photos: 1, Libvips: 1, Networks: 1}},
		{0, 2, admission.CPUBudget{Photos: 1, Libvips: 2, Networks: 2}},
		{0, 8, admission.CPUBudget{Photos: 4, Libvips: 4, Networks: 8}},
		{0, 64, admission.CPUBudget{Photos: 4, Libvips: 4, Networks: 64}},
		{3, 2, admission.CPUBudget{Photos: 3, Libvips: 2, Networks: 2}},
	} {
		if got := admission.DivideCPU(c.concurrency, c.cores); got != c.want {
			t.Errorf("%d photos on %d cores: %+v, want %+v", c.concurrency, c.cores, got, c.want)
		}
	}
}
