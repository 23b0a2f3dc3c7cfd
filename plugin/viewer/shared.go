package viewer

import (
	"context"
	"sync"
	"time"
)

// shared are the pictures that are ready, by content, those that were used last
// within a budget of memory, and those that are being prepared, each once
// however many ask for it.
type shared struct {
	prepare func(ctx context.Context, f *file) (pyramid, error)

	mu      sync.Mutex
	ready   map[string]*entry
	pending map[string]*pending
	held    int64
	clock   uint64
	closed  bool
	under   sync.WaitGroup
}

// entry is a picture that is ready.
type entry struct {
	pyramid
	owner *shared
	used  uint64
	refs  int
	gone  bool // closed with its last reference
}

// pending is a picture that is being prepared.
type pending struct {
	done   chan struct{}
	cancel context.CancelFunc
	refs   int
	entry  *entry // once done
	err    error
}

// abandoned is for how long a picture is prepared that nobody waits for: who
// has just left may be back with the next tile.
const abandoned = 5 * time.Second

// known is a picture that is ready. The caller releases it.
func (s *shared) known(hash string) (*entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.ready[hash]
	if ok {
		s.touch(e)
	}
	return e, ok
}

func (s *shared) touch(e *entry) {
	s.clock++
	e.used = s.clock
	e.refs++
}

// get waits for a picture. The caller releases it.
func (s *shared) get(ctx context.Context, f *file) (*entry, error) {
	s.mu.Lock()
	if e, ok := s.ready[f.hash]; ok {
		s.touch(e)
		s.mu.Unlock()
		return e, nil
	}
	p, err := s.join(f)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer s.leave(p)
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-late.C:
		return nil, ErrLater
	}
	if p.err != nil {
		return nil, p.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.entry.gone && p.entry.refs == 0 {
		return nil, ErrLater // others have pushed it out in between
	}
	s.touch(p.entry)
	return p.entry, nil
}

// join is the preparation of f, begun if need be. s.mu is held.
func (s *shared) join(f *file) (*pending, error) {
	if s.closed {
		return nil, ErrLater
	}
	if p, ok := s.pending[f.hash]; ok {
		p.refs++
		return p, nil
	}
	if len(s.pending) >= queued {
		return nil, ErrBusy
	}
	own, err := f.again()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), longestTry)
	p := &pending{done: make(chan struct{}), cancel: cancel, refs: 1}
	if s.pending == nil {
		s.pending, s.ready = map[string]*pending{}, map[string]*entry{}
	}
	s.pending[f.hash] = p
	s.under.Go(func() {
		defer cancel()
		defer own.close()
		made, err := s.prepare(ctx, own)
		s.end(own.hash, p, made, err)
	})
	return p, nil
}

// end lets those know who wait.
func (s *shared) end(hash string, p *pending, made pyramid, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, hash)
	p.err = err
	if err == nil {
		p.entry = &entry{pyramid: made, owner: s}
		s.touch(p.entry)
		p.entry.refs--
		s.held += made.bytes()
		s.ready[hash] = p.entry
		s.shrink(p.entry)
	}
	close(p.done)
}

// shrink gives up pictures that were not used for longest. s.mu is held.
func (s *shared) shrink(keep *entry) {
	for s.held > inMemory && len(s.ready) > 1 {
		oldest, hash := (*entry)(nil), ""
		for h, e := range s.ready {
			if e != keep && (oldest == nil || e.used < oldest.used) {
				oldest, hash = e, h
			}
		}
		if oldest == nil {
			return
		}
		delete(s.ready, hash)
		s.held -= oldest.bytes()
		s.drop(oldest)
	}
}

// drop closes a picture, with its last reference. s.mu is held.
func (s *shared) drop(e *entry) {
	e.gone = true
	if e.refs == 0 {
		e.close()
	}
}

// leave is to be called by who has joined.
func (s *shared) leave(p *pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.refs--; p.refs > 0 {
		return
	}
	time.AfterFunc(abandoned, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if p.refs == 0 {
			p.cancel()
		}
	})
}

// release gives a picture back.
func (e *entry) release() {
	e.owner.mu.Lock()
	defer e.owner.mu.Unlock()
	if e.refs--; e.refs == 0 && e.gone {
		e.close()
	}
}

// close ends what is being prepared, waits for it, and gives up what is ready.
func (s *shared) close() {
	s.mu.Lock()
	s.closed = true
	for _, p := range s.pending {
		p.cancel()
	}
	s.mu.Unlock()
	s.under.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, e := range s.ready {
		delete(s.ready, hash)
		s.drop(e)
	}
}
