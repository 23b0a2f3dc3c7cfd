package promptcir

import (
	"cmp"

	"github.com/burnish-photo/burnish/ops/network"
)

// Values of [Config.Preset], from quick to thorough.
const (
	fast      = "fast"      // large tiles, blended over few pixels
	balanced  = "balanced"  // the model's own tiles and halo
	reference = "reference" // the authors' padding and tiles, averaged over all orientations and models
)

const (
	fastSide      = 512 // pixels; of tiles, where no tile size is asked for
	referenceSide = 384 // the authors'
)

// tiling is that of the preset.
func (c *Config) tiling() network.Tiling {
	switch c.Preset {
	case fast:
		return network.Tiling{Size: cmp.Or(c.Tile, fastSide), Tight: true}
	case reference:
		return network.Tiling{Size: cmp.Or(c.Tile, referenceSide), Average: true, Augment: true}
	}
	return network.Tiling{Size: c.Tile}
}
