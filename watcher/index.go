package watcher

// index finds the folders of all trees by path and by identity. It belongs to
// the loop's goroutine.
type index struct {
	byPath     map[string]*folder
	byIdentity map[identity]*folder
}

func newIndex() index {
	return index{map[string]*folder{}, map[identity]*folder{}}
}

// add takes in a folder that has its path.
func (x *index) add(f *folder, id identity) {
	x.byPath[f.path] = f
	x.identify(f, id)
}

// remove drops a folder.
func (x *index) remove(f *folder) {
	x.identify(f, identity{})
	delete(x.byPath, f.path)
}

// identify notes that f is the folder of that identity now; the zero one is
// that of none.
func (x *index) identify(f *folder, id identity) {
	if x.byIdentity[f.id] == f {
		delete(x.byIdentity, f.id)
	}
	f.id = id
	if id != (identity{}) {
		x.byIdentity[id] = f
	}
}

// below are the folders of a watched one, itself among them.
func (x *index) below(r *root) (all []*folder) {
	for _, f := range x.byPath {
		if f.root == r {
			all = append(all, f)
		}
	}
	return all
}

// listQueue holds the folders that wait to be listed, each once, in the order
// that they were found in; their roots count how many of theirs wait.
type listQueue []*folder

func (q *listQueue) push(f *folder) {
	if f.listing {
		return
	}
	f.listing = true
	f.root.scanning++
	*q = append(*q, f)
}

// pop takes out the folder that has waited longest; nil where none waits.
func (q *listQueue) pop() *folder {
	if len(*q) == 0 {
		return nil
	}
	f := (*q)[0]
	(*q)[0] = nil
	*q = (*q)[1:]
	f.listing = false
	f.root.scanning--
	return f
}
