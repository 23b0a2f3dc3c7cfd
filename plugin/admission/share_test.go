package admission_test

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/admission"
)

func TestShareOfTheCores(t *testing.T) {
	for _, test := range []struct {
		part  float64
		cores int
		want  admission.CPUShare
	}{
		{0, 4, admission.CPUShare{Cores: 4, Duty: 1}}, {1, 4, admission.CPUShare{Cores: 4, Duty: 1}},
		{0.5, 4, admission.CPUShare{Cores: 2, Duty: 1}}, {0.5, 1, admission.CPUShare{Cores: 1, Duty: 0.5}},
		{0.75, 2, admission.CPUShare{Cores: 2, Duty: 0.75}}, {0.5, 3, admission.CPUShare{Cores: 2, Duty: 0.75}},
		{0.1, 2, admission.CPUShare{Cores: 1, Duty: 0.2}}, {0.25, 64, admission.CPUShare{Cores: 16, Duty: 1}},
	} {
		if got := admission.ShareOf(test.part, test.cores); got != test.want {
			t.Errorf("%g of %d cores: %+v, want %+v", test.part, test.cores, got, test.want)
		}
	}
	for part := 0.05; part < 1; part += 0.05 { // whatever it is divided into, it comes to the part
		for cores := 1; cores < 20; cores++ {
			s := admission.ShareOf(part, cores)
			if used := float64(s.Cores) * s.Duty; used < part*float64(cores)-1e-6 || used > part*float64(cores)+1e-6 {
				t.Errorf("%g of %d cores comes to %g", part, cores, used)
			}
		}
	}
}

func TestRest(t *testing.T) {
	s := admission.CPUShare{Cores: 1, Duty: 0.25}
	if got := s.Rest(2 * time.Second); got != 6*time.Second {
		t.Errorf("rests %v after 2 s", got)
	}
	if got := (admission.CPUShare{Cores: 1, Duty: 1}).Rest(time.Hour); got != 0 {
		t.Errorf("rests %v", got)
	}
}

func TestWhatAConfinedThreadStartsIsConfined(t *testing.T) {
	done := make(chan string)
	go func() {
		runtime.LockOSThread() // it ends with the goroutine
		if err := admission.ConfineThread(1); err != nil {
			t.Error(err)
		}
		out, err := exec.Command("nproc").Output()
		if err != nil {
			t.Error(err)
		}
		done <- strings.TrimSpace(string(out))
	}()
	if n := <-done; n != "1" {
		t.Errorf("a process of a thread that is confined to one core sees %s", n)
	}
}
