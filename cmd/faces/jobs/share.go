package jobs

import (
	"fmt"
	"net/http"
	"time"

	"github.com/burnish-photo/burnish/cmd/faces/intake"
	v1 "github.com/burnish-photo/burnish/cmd/faces/v1"
)

// fairly is how much of what is left free an owner may hold: one alone gets two
// thirds, two get two fifths each, and whoever comes next finds a place.
const fairly = 2

// mostKept is how many jobs there may be, finished ones among them: each takes
// memory, however little it holds on the disk. A test lowers it.
var mostKept = 50_000

// usage is what the jobs of some owners hold.
type usage struct {
	kept    int // jobs
	waiting int // of these
	bytes   int64
}

// used is what an owner's jobs hold, and those of all. s.mu is held.
func (s *Jobs) used(owner string) (own, all usage) {
	own = s.incoming[owner]
	for _, u := range s.incoming {
		all.add(u)
	}
	for _, j := range s.jobs {
		one := usage{kept: 1, bytes: j.Bytes}
		if j.State == Waiting {
			one.waiting = 1
		}
		all.add(one)
		if j.Owner == owner {
			own.add(one)
		}
	}
	return own, all
}

func (u *usage) add(o usage) {
	u.kept += o.kept
	u.waiting += o.waiting
	u.bytes += o.bytes
}

// onePlace is what a job is counted for while it is made.
var onePlace = usage{kept: 1, waiting: 1}

// enter takes a place among the jobs that wait or are being made.
func (s *Jobs) enter(owner string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.config
	own, all := s.used(owner)
	switch {
	case len(c.Pipelines) == 0:
		return v1.Refused(http.StatusNotFound, "jobs are off: name pipelines in faces.jobs.pipelines")
	case all.waiting >= c.Queue:
		return busy("%d jobs wait, which is all that faces.jobs.queue allows", all.waiting)
	case own.waiting >= fairly*(c.Queue-all.waiting):
		return busy("%d jobs of this token wait, and faces.jobs.queue keeps the rest for other tokens", own.waiting)
	case own.kept >= fairly*(mostKept-all.kept):
		return &intake.Problem{
			Status: http.StatusInsufficientStorage, Key: "faces.jobs.retain", RetryAfter: time.Minute,
			Detail: fmt.Sprintf("%d jobs of this token are kept, which is its share of %d: delete finished ones, or shorten faces.jobs.retain", own.kept, mostKept),
		}
	}
	if err := fits(own.bytes, all.bytes, 1, c.Space); err != nil {
		return err
	}
	s.take(owner, onePlace)
	return nil
}

// take counts what is held by jobs that are being made; negative numbers give back.
// s.mu is held.
func (s *Jobs) take(owner string, u usage) {
	held := s.incoming[owner]
	held.add(u)
	if s.incoming[owner] = held; held == (usage{}) {
		delete(s.incoming, owner)
	}
}

// fit counts the bytes of a photo whose job is being made, if there is space for it.
func (s *Jobs) fit(owner string, size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, all := s.used(owner)
	err := fits(own.bytes, all.bytes, size, s.config.Space)
	if err == nil {
		s.take(owner, usage{bytes: size})
	}
	return err
}

func fits(own, all, size, space int64) error {
	switch free := space - all - size; {
	case free < 0:
		return full("the jobs hold the space that faces.jobs.space allows: delete finished ones")
	case own+size > fairly*free:
		return full("the jobs of this token hold their share of faces.jobs.space, whose rest is kept for other tokens: delete finished ones")
	}
	return nil
}

func busy(format string, args ...any) error {
	return &intake.Problem{Status: http.StatusTooManyRequests, Key: "faces.jobs.queue", RetryAfter: 10 * time.Second, Detail: fmt.Sprintf(format, args...)}
}

func full(detail string) error {
	return &intake.Problem{Status: http.StatusInsufficientStorage, Key: "faces.jobs.space", RetryAfter: time.Minute, Detail: detail}
}

// leave gives back what fit or enter has counted.
func (s *Jobs) leave(owner string, u usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(owner, usage{-u.kept, -u.waiting, -u.bytes})
}

// next is the waiting job that begins next, nil: none does. Owners take turns; of
// one owner's jobs it is the oldest. s.mu is held.
func (s *Jobs) next() (next *job) {
	for _, j := range s.jobs {
		if j.State != Waiting {
			continue
		}
		if next == nil || s.turns[j.Owner] < s.turns[next.Owner] || s.turns[j.Owner] == s.turns[next.Owner] && j.Created.Before(next.Created) {
			next = j
		}
	}
	if next != nil {
		s.turn++
		s.turns[next.Owner] = s.turn
	}
	return next
}
