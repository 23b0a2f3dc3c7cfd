package worker

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// restarts counts the ends of worker processes that others took the place of.
type restarts struct{ crashed, retired atomic.Int64 }

func (r *restarts) count(retired bool) {
	if retired {
		r.retired.Add(1)
	} else {
		r.crashed.Add(1)
	}
}

// Restarts is how many processes crashed, and how many were retired, and had
// to be replaced. It does not wait for one that is being started.
func (s *Supervisor) Restarts() (crashed, retired int) {
	return int(s.restarts.crashed.Load()), int(s.restarts.retired.Load())
}

// Memory is of what photos are processed in, in bytes.
type Memory struct {
	Held     int64 // by the process; 0: not known
	Admitted int64 // that photos in progress are predicted to need
	Limit    int64 // of Admitted; 0: none
}

// Memory is that of the process, as it was a few seconds ago. It does not wait.
func (s *Supervisor) Memory() Memory {
	if !s.mu.TryLock() { // a process is being started
		return Memory{}
	}
	p := s.current
	s.mu.Unlock()
	if p == nil || p.ending() {
		return Memory{}
	}
	return Memory{Held: admission.ThisHost.Anonymous(p.pid), Admitted: max(0, p.admitted.Load()), Limit: max(0, p.limit.Load())}
}

// Memory is that of this process.
func (l *Local) Memory() Memory {
	admitted, limit := l.engine.Memory()
	return Memory{Held: admission.ThisHost.Anonymous(os.Getpid()), Admitted: admitted, Limit: limit}
}

// Restarts is none: this process fails with it.
func (l *Local) Restarts() (crashed, retired int) { return 0, 0 }

// fatalPhotos are those that somebody looked at when the process died. Each may
// be the cause, and none is looked at again while the daemon runs: a browser
// that asks on would end one process after another. The zero value is ready.
type fatalPhotos struct {
	mu    sync.Mutex
	known map[string]bool
}

// mostFatal bounds how many are known.
const mostFatal = 1000

// try calls show, which answers a question about a photo, once.
func (f *fatalPhotos) try(question []byte, show func() error) error {
	var q api.PhotoRequest
	if err := api.Unmarshal(question, &q); err != nil {
		return &api.Problem{Status: 400, Detail: "decode the request: " + err.Error()}
	}
	f.mu.Lock()
	known := f.known[q.Photo]
	f.mu.Unlock()
	if known {
		return api.UnsafePicture()
	}
	err := show()
	if errors.Is(err, errDead) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.known == nil || len(f.known) >= mostFatal {
			f.known = map[string]bool{}
		}
		f.known[q.Photo] = true
	}
	return err
}
