package watcher

import (
	"context"
	"reflect"
	"slices"

	"github.com/burnish-photo/burnish/watcher/paths"
)

// change is other options that a Run goes on with.
type change struct {
	next  *Watcher
	anew  []string
	done  chan struct{}
	begun []string // watched folders that begin anew, or are new
}

// Become lets Run go on with the options of next, which must not run. Folders
// that are watched as before keep their state and what they have sent: they are
// not looked through again. Those named in anew, those whose options differ, and
// those around or inside of which another folder comes or goes begin anew and
// send all that they hold; Become returns their names, and those of new ones. It
// fails where ctx ends first.
func (w *Watcher) Become(ctx context.Context, next *Watcher, anew []string) (begun []string, err error) {
	c := &change{next: next, anew: anew, done: make(chan struct{})}
	select {
	case w.changes <- c:
		<-c.done
		return c.begun, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// become takes up other options.
func (l *loop) become(c *change) {
	defer close(c.done)
	now, next := l.now(), c.next
	var roots []*root
	for _, p := range next.roots {
		i := slices.IndexFunc(l.roots, func(r *root) bool { return r.path == p.path })
		if i >= 0 && !slices.Contains(c.anew, p.path) && l.keeps(l.roots[i], p, next) {
			roots = append(roots, l.roots[i])
			continue
		}
		roots = append(roots, newRoot(p, next.options))
		c.begun = append(c.begun, p.path)
	}
	for _, r := range l.roots {
		if !slices.Contains(roots, r) {
			l.leave(r)
		}
	}
	l.Watcher.roots, l.options, l.exclude = next.roots, next.options, next.exclude
	l.roots, l.turn, l.confirmed, l.changed = roots, 0, false, true
	for _, r := range roots {
		if r.top == nil && r.scanBegan.IsZero() {
			l.scan(r, now)
		}
	}
	l.report()
}

// keeps reports whether r is watched by next as it is now.
func (l *loop) keeps(r *root, p rootPath, next *Watcher) bool {
	before := slices.IndexFunc(l.Watcher.roots, func(o rootPath) bool { return o.path == r.path })
	if before < 0 || r.real != p.real || !reflect.DeepEqual(l.Watcher.roots[before].config, p.config) {
		return false
	}
	matters := func(folder string) bool {
		return r.Links != SkipLinks || paths.Within(folder, r.path) || paths.Within(folder, r.real)
	}
	return slices.Equal(around(l.Watcher, r, matters), around(next, r, matters))
}

// around are the other watched folders, and those never entered, that matter
// to r.
func around(w *Watcher, r *root, matters func(folder string) bool) (all []string) {
	for _, ex := range w.exclude {
		if matters(ex) {
			all = append(all, ex)
		}
	}
	for _, o := range w.roots {
		if o.path != r.path && matters(o.real) {
			all = append(all, o.real)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// leave forgets all of r.
func (l *loop) leave(r *root) {
	for _, f := range l.folders.below(r) {
		for _, e := range f.files {
			l.drop(e)
		}
		l.source.unwatch(f)
		l.folders.remove(f)
		f.dropped = true
	}
	l.toList = slices.DeleteFunc(l.toList, func(f *folder) bool { return f.root == r })
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.paused, r.path)
}
