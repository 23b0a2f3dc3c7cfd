// Package admission decides how many photos are under way at a time: by memory,
// predicted before a photo begins and learned from those before it, and by
// cores. It knows the machine and its cgroups, nothing of photos or files.
//
// It reads cgroups itself because github.com/KimMachineGun/automemlimit (v1.0.1)
// reads memory.max alone, not memory.high, under which the kernel throttles a
// process until it stands still.
package admission

// InMemory is the size in bytes up to which an image that is read several times
// stays in memory: about 32 megapixels of 8-bit RGB.
const InMemory = 96 << 20

// baseline is what any photo takes, in bytes.
const baseline = 32 << 20

// metadataCopies is how many times a photo's metadata lies in memory while it is
// worked on: in the decoder, in the image and in what is written.
const metadataCopies = 3

// Demand is what a photo asks for. Sizes are bytes.
type Demand struct {
	Width, Height int
	PixelBytes    int   // of one decoded pixel
	Steps         int64 // what the steps of its pipeline say they hold
	Coefficients  int64 // what a decoder keeps of a JPEG of several scans
	Metadata      int64 // its metadata, decompressed
}

// EstimateMemory is the formula for what a photo takes, in bytes: what the steps
// say, and beside them pixels kept whole, decoders and encoders.
func (d Demand) EstimateMemory() int64 {
	whole := int64(d.Width) * int64(d.Height) * int64(max(d.PixelBytes, 4))
	return baseline + min(whole, InMemory) + d.Steps + d.Coefficients + metadataCopies*d.Metadata
}
