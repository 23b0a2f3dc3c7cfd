// Package originals moves photos and what belongs to them: into another folder
// or the trash once their outputs are published, into quarantine, and back. What
// is moved is the very file that was opened; nothing is ever replaced, and to
// another file system nothing is removed before its copy was read back.
//
// It knows no pipelines and no records: who keeps those is told of each name
// before it is tried.
package originals
