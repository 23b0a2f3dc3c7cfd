package plugin

import "runtime"

// mostLibvips are the threads that decode, change and encode one photo: each
// keeps rows of it, and networks need the cores.
const mostLibvips = 4

// budget is how the cores are divided, in this one place. Networks may have them
// all, since the photos under way take turns on them window by window; what
// libvips does meanwhile is little. One photo of several windows keeps two cores
// busy, and a second one takes memory and saves no time that could be measured.
type budget struct {
	photos   int // under way at a time
	libvips  int // threads of one photo
	networks int // threads of networks, for all photos
}

// divide divides the cores; photos is what is configured, 0 for nothing.
func divide(photos, cores int) budget {
	if photos == 0 {
		photos = min(max(1, cores/2), 4)
	}
	return budget{photos: photos, libvips: min(cores, mostLibvips), networks: cores}
}

// cores is what Go may use, which is what the process may.
func cores() int { return runtime.GOMAXPROCS(0) }
