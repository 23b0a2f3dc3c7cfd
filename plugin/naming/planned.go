package naming

import (
	"hash/maphash"
	"path/filepath"
)

// planned are the names of outputs that plans have foreseen, and whose they would
// be. A plan of a whole library has hundreds of thousands, so names are known by
// a hash, and the folders of photos once. The zero value is ready.
type planned struct {
	seed    maphash.Seed
	by      map[uint64]uint32 // index of the photo, from 1, by the output's name
	photos  []plannedPhoto
	folders []string
	indexOf map[string]uint32 // of folders
}

type plannedPhoto struct {
	folder uint32
	name   string
}

// set lets an output be a photo's. Photos come one after the other, each with all
// its outputs.
func (p *planned) set(output, photo string) {
	if p.by == nil {
		p.seed, p.by, p.indexOf = maphash.MakeSeed(), map[uint64]uint32{}, map[string]uint32{}
	}
	if n := len(p.photos); n == 0 || p.path(uint32(n)) != photo {
		folder, name := filepath.Split(photo)
		index, known := p.indexOf[folder]
		if !known {
			index = uint32(len(p.folders))
			p.folders = append(p.folders, folder)
			p.indexOf[folder] = index
		}
		p.photos = append(p.photos, plannedPhoto{index, string([]byte(name))}) // name alone, not the path that it is a part of
	}
	p.by[maphash.String(p.seed, output)] = uint32(len(p.photos))
}

// owner is the photo that an output would be of, "" where none is known.
func (p *planned) owner(output string) string {
	if p.by == nil {
		return ""
	}
	if at := p.by[maphash.String(p.seed, output)]; at > 0 {
		return p.path(at)
	}
	return ""
}

func (p *planned) path(at uint32) string {
	photo := p.photos[at-1]
	return p.folders[photo.folder] + photo.name
}
