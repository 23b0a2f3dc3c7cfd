package schedule

import "time"

// lane is the tasks of one watched folder that are due, first come first
// served, and what their failures say of the folder.
type lane struct {
	name     string
	priority int
	ready    []*Task
	first    int // of ready, where the queue begins
	waiting  int // tasks, those that are delayed or to be alone among them

	class   string // of the latest shared failures
	row     int    // how many of that class came in a row
	blocked string // why nothing of it may begin, or ""
	reason  string // why the lane is held, or ""
	until   time.Time
	probing bool
	holds   int // probes in a row that failed
}

func (l *lane) len() int { return len(l.ready) - l.first }

func (l *lane) push(t *Task) { l.ready = append(l.ready, t) }

func (l *lane) pop() *Task {
	t := l.ready[l.first]
	l.ready[l.first] = nil
	l.first++
	if l.first == len(l.ready) {
		l.ready, l.first = l.ready[:0], 0
		if cap(l.ready) > few {
			l.ready = nil
		}
	} else if l.first > few && l.first > len(l.ready)/2 {
		l.ready, l.first = append([]*Task(nil), l.ready[l.first:]...), 0
	}
	return t
}

// untried brings the first task that has not failed yet to the front: a probe
// is to tell of the lane rather than of a photo that is known to fail.
func (l *lane) untried() {
	for i := l.first; i < len(l.ready); i++ {
		if t := l.ready[i]; t.Failures == 0 {
			copy(l.ready[l.first+1:i+1], l.ready[l.first:i])
			l.ready[l.first] = t
			return
		}
	}
}

func (q *Queue) lane(name string) *lane {
	l := q.lanes[name]
	if l == nil {
		l = &lane{name: name, priority: q.options.Priorities[name]}
		q.lanes[name] = l
		q.names = append(q.names, name)
	}
	return l
}

// best is the lane whose first task comes next, or nil.
func (q *Queue) best(now time.Time) (best *lane) {
	var most float64
	for _, name := range q.names {
		l := q.lanes[name]
		if l.len() == 0 || l.blocked != "" || l.reason != "" && (l.probing || l.until.After(now)) {
			continue
		}
		waited := now.Sub(l.ready[l.first].since)
		score := float64(l.priority) + float64(waited)/float64(q.options.Ageing)
		if best == nil || score > most {
			best, most = l, score
		}
	}
	return best
}

// hold lets no task of a lane begin for a while; then one probes it. Further
// calls make it longer, until a task of the lane ends well.
func (q *Queue) hold(l *lane, reason string, now time.Time) {
	l.holds++
	l.reason, l.until = reason, now.Add(q.options.Backoff.after(l.holds))
}

// Block lets no task of a lane begin until it is called with the reason "".
func (q *Queue) Block(laneName, reason string) { q.lane(laneName).blocked = reason }

// Held is a lane that is held or blocked.
type Held struct {
	Lane, Reason string
	Until        time.Time // of the next probe; zero for a lane that is blocked
	Waiting      int       // tasks that are due but for this
}

// Held lists the lanes that are held.
func (q *Queue) Held() (all []Held) {
	for _, name := range q.names {
		switch l := q.lanes[name]; {
		case l.blocked != "":
			all = append(all, Held{Lane: name, Reason: l.blocked, Waiting: l.len()})
		case l.reason != "":
			all = append(all, Held{name, l.reason, l.until, l.len()})
		}
	}
	return all
}

// judge draws from a task's end what it says of its lane.
func (q *Queue) judge(t *Task, o Outcome, now time.Time) {
	l := q.lane(t.Lane)
	if t.Probe {
		l.probing = false
	}
	switch {
	case o.Class == "":
		l.row = 0
		if l.reason != "" {
			l.reason, l.holds = "", 0
			q.hastenLane(l.name)
		}
	case !o.Shared:
		// It says nothing of the lane: the next one probes it.
	case o.Class == l.class:
		l.row++
	default:
		l.class, l.row = o.Class, 1
	}
	if o.Shared && o.Class != "" && (t.Probe || l.reason == "" && l.row >= q.options.Storm) {
		q.hold(l, o.Class, now)
	}
}

// hastenLane makes all tasks of a lane due, for what they waited for has come.
func (q *Queue) hastenLane(name string) {
	var these []*Task
	for _, t := range q.delayed {
		if t.Lane == name {
			these = append(these, t)
		}
	}
	for _, t := range these {
		q.hasten(t)
	}
}
