package vips

import "os"

// holeAtEnd reports whether a file ends in room that was never written, as one
// does that is copied into space reserved beforehand. File systems that do not
// tell have no holes.
func holeAtEnd(file *os.File, size int64) bool {
	const seekHole = 4 // lseek(2): the next hole, or the end of the file
	if size == 0 {
		return false
	}
	at, err := file.Seek(max(0, size-4096), seekHole)
	return err == nil && at < size
}
