package admission

import "runtime"

// maxDecoders is the most threads that decode, change and encode one photo: each
// keeps rows of it, and networks need the cores.
const maxDecoders = 4

// CPUBudget is how the cores are divided, in this one place. Networks may have
// them all, since the photos under way take turns on them tile by tile; what
// libvips does meanwhile is little. One photo of several tiles keeps two cores
// busy, and a second one takes memory and saves no time that could be measured.
type CPUBudget struct {
	Photos   int // under way at a time
	Libvips  int // threads of one photo
	Networks int // threads of networks, for all photos
}

// DivideCPU divides the cores among photos; concurrency is how many photos are
// to be under way at a time, 0 for as many as suit the cores.
func DivideCPU(concurrency, cores int) CPUBudget {
	if concurrency == 0 {
		concurrency = min(max(1, cores/2), 4)
	}
	return CPUBudget{Photos: concurrency, Libvips: min(cores, maxDecoders), Networks: cores}
}

// Cores is what Go may use, which is what the process may.
func Cores() int { return runtime.GOMAXPROCS(0) }
