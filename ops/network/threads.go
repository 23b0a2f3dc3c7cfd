package network

import "runtime"

const (
	maxRuns = 4 // tiles at a time, of all photos; each has working memory of its own

	gpuBatch = 8            // tiles that a GPU computes together
	gpuRuns  = gpuBatch + 2 // of one photo: the next are filled, the last ones read meanwhile

	// Networks with more weights take a gigabyte and more for one tile: they run
	// one at a time.
	largeNetwork = 10_000_000
)

// splitter divides threads for a network of so many weights.
type splitter func(threads int, parameters int64) (runs, each int)

// split divides the threads: into tiles at a time, which cost nothing but
// memory, and threads that a tile may have, which wait for one another between
// the nodes of a network. A tile computes on a thread of its own and on those
// that all tiles of a model share.
func split(threads int, parameters int64) (runs, each int) {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	if parameters > largeNetwork {
		return 1, threads
	}
	runs = min(threads, maxRuns)
	return runs, threads - runs + 1
}
