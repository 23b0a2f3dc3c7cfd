package tools

import (
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/admission"
)

func TestJudgeLibvips(t *testing.T) {
	for version, want := range map[string]State{"8.13.3": Fault, "8.9.1": Fault, "8.14.1": Warning, "8.16.0": Warning, "8.17.2": Warning, "8.18.2": OK, "8.18.4": OK, "9.0.0": OK} {
		f := judgeLibvips(version)
		if f.State != want || (f.Hint == "") != (want == OK) {
			t.Errorf("%s: %+v", version, f)
		}
	}
	if f := judgeLibvips("8.14.1"); !strings.Contains(f.Detail, "CVE-2023-40032") || !strings.Contains(f.Hint, "libvips 8.18.2 or later") {
		t.Errorf("%+v", f)
	}
	if f := judgeLibvips("8.16.1"); strings.Contains(f.Detail, "CVE-2025-29769") {
		t.Errorf("mended: %+v", f)
	}
}

func TestJudgeCodecs(t *testing.T) {
	for version, want := range map[string]string{
		"libheif 1.15.1": "CVE-2025-68431 CVE-2026-32740", "libheif 1.21.2": "CVE-2026-32740", "libheif 1.22.1": "CVE-2026-84383", "libheif 1.23.2": "",
		"libwebp 1.2.4": "CVE-2023-4863", "libwebp 1.3.2": "", "libjxl 0.7.0": "CVE-2024-11498", "libjxl 0.7.2": "", "libjxl 0.8.4": "",
		"libjxl 0.10.4": "CVE-2026-1837", "libjxl 0.11.0": "CVE-2024-11498 CVE-2026-1837", "libjxl 0.11.2": "", "libjxl 0.12.0": "",
	} {
		name, number, _ := strings.Cut(version, " ")
		found := judgeCodecs(map[string]string{name: number})
		if len(found) != 1 || (found[0].State == OK) != (want == "") {
			t.Errorf("%s: %+v", version, found)
			continue
		}
		for _, v := range vulnerabilities {
			if has := strings.Contains(found[0].Detail, v.cve); has != strings.Contains(want, v.cve) {
				t.Errorf("%s: %s, want %s", version, found[0].Detail, want)
			}
		}
	}
	if found := judgeCodecs(nil); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestJudgeClock(t *testing.T) {
	built := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now          time.Time
		synchronised bool
		want         State
	}{
		{time.Unix(0, 0).UTC(), true, Fault},
		{built, false, Warning},
		{built, true, OK},
	} {
		if f := judgeClock(c.now, built, c.synchronised); f.State != c.want || (f.Hint == "") != (c.want == OK) {
			t.Errorf("%+v", f)
		}
	}
}

func TestJudgeMemory(t *testing.T) {
	if f := judgeMemory(admission.HostAt(t.TempDir()), 1); f.State != OK {
		t.Errorf("nothing is told: %+v", f)
	}
	if f := judgeMemory(admission.ThisHost, 1<<60); f.State != Warning || !strings.Contains(f.Hint, "limits.memory") {
		t.Errorf("more than there is: %+v", f)
	}
}

func TestCudaLibraries(t *testing.T) {
	maps := "7f00-7f01 r-xp 00000000 08:01 12 /usr/lib/libcudart.so.12.4.127\n" +
		"7f01-7f02 r--p 00000000 08:01 12 /usr/lib/libcudart.so.12.4.127\n" +
		"7f02-7f03 rw-p 00000000 00:00 0\n" +
		"7f03-7f04 r-xp 00000000 08:01 13 /usr/lib/libcuda.so.550.54.15\n"
	if got := strings.Join(cudaLibraries(maps), ", "); got != "libcudart 12.4.127, libcuda 550.54.15" {
		t.Error(got)
	}
}
