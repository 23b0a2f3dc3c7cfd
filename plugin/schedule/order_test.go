package schedule

import (
	"fmt"
	"testing"
	"time"
)

func TestOrderOfAFolder(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for order, want := range map[Order]string{Arrival: "[c a d b]", "": "[c a d b]", Newest: "[d a c b]", Oldest: "[a c d b]", ByPath: "[a b c d]"} {
		q := New(Options{Orders: map[string]Order{"f": order}})
		q.AddChanged("c", "f", at(1), at(100))
		q.AddChanged("a", "f", at(1), at(101))
		q.AddChanged("d", "f", at(2), at(102))
		q.Add("b", "f", at(103)) // nobody knows when it was changed
		var got []string
		for range 4 {
			task, _ := q.Next(at(200))
			q.Finish(task.Path, Outcome{}, at(200))
			got = append(got, task.Path)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", order, got, want)
		}
	}
}

func TestAnOrderMayChange(t *testing.T) {
	q := New(Options{})
	for i, name := range []string{"b", "c", "a"} {
		q.AddChanged(name, "f", time.Unix(int64(i), 0), time.Unix(100, 0))
	}
	if task, _ := q.Next(time.Unix(200, 0)); task.Path != "b" {
		t.Error(task.Path)
	}
	q.Change(10, nil, map[string]Order{"f": ByPath}, nil)
	if task, _ := q.Next(time.Unix(200, 0)); task.Path != "a" {
		t.Error(task.Path)
	}
	q.Change(10, nil, nil, nil)
	if task, _ := q.Next(time.Unix(200, 0)); task.Path != "c" || q.Len() != 0 {
		t.Error(task.Path)
	}
}
