package vips

import (
	"maps"
	"slices"
	"sync"
)

// untrusted are the formats whose loaders libvips itself holds unsafe for
// files of unknown origin, with their loaders, and the class to block. Blocking
// is for the whole process: JPEG XL stays open, for what is saved is read back.
var untrusted = map[string]struct{ loader, class string }{
	"jxl": {"jxlload", ""},
	"jp2": {"jp2kload", "VipsForeignLoadJp2k"},
	"svg": {"svgload", "VipsForeignLoadSvg"},
	"pdf": {"pdfload", "VipsForeignLoadPdf"},
	"exr": {"openexrload", "VipsForeignLoadOpenexr"},
	"hdr": {"radload", "VipsForeignLoadRad"},
	"ppm": {"ppmload", "VipsForeignLoadPpm"},
	"bmp": {"magickload", "VipsForeignLoadMagick"},
	"psd": {"magickload", "VipsForeignLoadMagick"},
	"ico": {"magickload", "VipsForeignLoadMagick"},
}

// neverNeeded are classes of loaders that no format known here asks for.
var neverNeeded = []string{
	"VipsForeignLoadCsv", "VipsForeignLoadRaw", "VipsForeignLoadMat", "VipsForeignLoadAnalyze", "VipsForeignLoadFits",
	"VipsForeignLoadOpenslide", "VipsForeignLoadNifti", "VipsForeignLoadDcRaw", "VipsForeignLoadUhdr", "VipsForeignLoadMagick7",
}

// Untrusted lists the formats, as Sniff names them, that are read with loaders
// which are not safe for files of unknown origin. Whoever opens files for
// others asks first whether these are wanted.
func Untrusted() []string { return slices.Sorted(maps.Keys(untrusted)) }

// allowed are the classes that were blocked and are no longer.
var allowed sync.Map

// Readable lists the formats, as Sniff names them, that the library in use has
// loaders for: those for files of any origin, and those for [Allow].
func Readable() (safe, allowable []string) {
	for format, loader := range loaders {
		if lookup(loader) != nil {
			safe = append(safe, format)
		}
	}
	for format, u := range untrusted {
		if lookup(u.loader) != nil {
			allowable = append(allowable, format)
		}
	}
	slices.Sort(safe)
	slices.Sort(allowable)
	return safe, allowable
}

// Allow lets files of untrusted formats be opened from now on, in the whole
// process; names of other formats mean nothing. Until then [Open] refuses them,
// all but JPEG XL.
func Allow(formats ...string) {
	for _, f := range formats {
		class := untrusted[f].class
		if class == "" || ready() != nil {
			continue
		}
		if _, before := allowed.LoadOrStore(class, true); !before {
			setBlocked(class, false)
		}
	}
}

// loaderFor is the loader of a format, "" where there is none or it is blocked.
func loaderFor(format string) string {
	if loader, ok := loaders[format]; ok {
		return loader
	}
	u := untrusted[format]
	if _, ok := allowed.Load(u.class); !ok && u.class != "" {
		return ""
	}
	return u.loader
}

// blockUntrusted bars the loaders of untrusted formats by their class: nothing
// in this process reaches them, whatever asks.
func blockUntrusted() {
	for _, u := range untrusted {
		if u.class != "" {
			setBlocked(u.class, true)
		}
	}
	for _, class := range neverNeeded {
		setBlocked(class, true)
	}
}
