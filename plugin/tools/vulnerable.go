package tools

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
)

// vulnerability is one of a library, in what Burnish may ask of it.
type vulnerability struct {
	cve, library string
	from, fixed  string // versions: the first that has it, "" for all; the first that has it no more
	in           string // what the library does where it has it
}

// vulnerabilities were published by November 2026. The records of the CVE program
// (https://www.cve.org/CVERecord?id=...) name the versions; those of branches of
// libjxl are its releases' and EPEL's, SUSE's and Alpine's that mend it.
var vulnerabilities = []vulnerability{
	{"CVE-2023-40032", "libvips", "8.12.0", "8.14.4", "reads SVG"},           // GHSA-33qp-9pq7-9584
	{"CVE-2025-29769", "libvips", "", "8.16.1", "writes AVIF and HEIC"},      // GHSA-f8r8-43hh-rghm
	{"CVE-2025-59933", "libvips", "", "8.17.2", "reads PDF"},                 // GHSA-q8px-4w5q-c2r4
	{"CVE-2026-35590", "libvips", "", "8.18.2", "reads EXIF"},                // GHSA-jmwm-wc68-mhwm
	{"CVE-2025-68431", "libheif", "", "1.21.0", "reads HEIC and AVIF"},       // overlays
	{"CVE-2026-32740", "libheif", "", "1.22.0", "reads HEIC and AVIF"},       // grids, GHSA-frfr-f3vg-2g6j
	{"CVE-2026-84383", "libheif", "1.22.0", "1.23.2", "reads HEIC and AVIF"}, // transparency, GHSA-g89c-p67h-r497
	{"CVE-2023-4863", "libwebp", "0.5.0", "1.3.2", "reads WebP"},
	{"CVE-2024-11498", "libjxl", "", "0.7.2", "reads JPEG XL"},
	{"CVE-2024-11498", "libjxl", "0.8.0", "0.8.4", "reads JPEG XL"},
	{"CVE-2024-11498", "libjxl", "0.9.0", "0.10.4", "reads JPEG XL"},
	{"CVE-2024-11498", "libjxl", "0.11.0", "0.11.1", "reads JPEG XL"},
	{"CVE-2026-1837", "libjxl", "0.9.0", "0.11.2", "reads JPEG XL"},
}

// judgeLibrary tells of a library's known vulnerabilities.
func judgeLibrary(name, version string) Finding {
	f := Found(name, "%s", version)
	var known []string
	fixed := ""
	for _, v := range vulnerabilities {
		if v.library != name || olderThan(version, cmp.Or(v.from, "0")) || !olderThan(version, v.fixed) {
			continue
		}
		known = append(known, fmt.Sprintf("%s where it %s", v.cve, v.in))
	}
	if len(known) == 0 {
		return f
	}
	for _, v := range vulnerabilities { // a version without any of them
		if v.library == name && olderThan(fixed, v.fixed) {
			fixed = v.fixed
		}
	}
	f.Detail += ": as published, this version has " + strings.Join(known, ", ")
	return f.Warn("install the security updates of the distribution, which may mend this version without renaming it, or %s %s or later", name, fixed)
}

// judgeCodecs tells of the libraries that libvips decodes by.
func judgeCodecs(versions map[string]string) (all []Finding) {
	for _, name := range []string{"libheif", "libwebp", "libjxl"} {
		if versions[name] != "" {
			all = append(all, judgeLibrary(name, versions[name]))
		}
	}
	return all
}

// CheckCodecs judges the libraries that libvips decodes by, as far as they are
// loaded; [plugin.Start] has been called.
func CheckCodecs() []Finding { return judgeCodecs(vips.Codecs()) }

// olderThan compares versions of numbers and dots.
func olderThan(version, than string) bool {
	numbers := func(text string) (all []int) {
		for part := range strings.SplitSeq(text, ".") {
			n, _ := strconv.Atoi(part) // what is none counts as 0
			all = append(all, n)
		}
		return all
	}
	return slices.Compare(numbers(version), numbers(than)) < 0
}
