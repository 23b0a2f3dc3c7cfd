package watcher

import (
	"fmt"
	"time"
)

const recount = time.Minute // between counts of what other programs hold

// quota is how many folders may have events: inotify watches are limited for
// each user, and other programs need theirs.
type quota struct {
	limit   int // 0: none is known
	others  int // held by the user's other programs, as far as they can be seen
	held    int // by this loop
	counted time.Time
}

// count looks at the limit again, where that was not done lately.
func (q *quota) count(now time.Time, usage func() (limit, others int)) {
	if q.counted.IsZero() || now.Sub(q.counted) >= recount {
		q.limit, q.others = usage()
		q.counted = now
	}
}

// spare is how many more folders may be watched. A tenth of the limit is left
// to programs that start later.
func (q *quota) spare() int {
	if q.limit == 0 {
		return 1
	}
	return q.limit - q.limit/10 - q.others - q.held
}

func (q *quota) reason() string {
	return fmt.Sprintf("not every folder below is watched, for the limit of inotify watches is near (%d, of which other programs hold %d, Burnish %d, and a tenth is left free): %s",
		q.limit, q.others, q.held, raise("max_user_watches", 524288))
}
