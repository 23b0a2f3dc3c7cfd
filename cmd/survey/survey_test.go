package survey_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/cmd/survey"
	"github.com/burnish-photo/burnish/plugin"
)

func damage(d float64) *float64 { return &d }

func TestSumsOfPlans(t *testing.T) {
	s := survey.Survey{}
	steps := func(runs bool) []plugin.PlannedStep { return []plugin.PlannedStep{{Name: "promptcir", Runs: runs}} }
	for i := range 4 {
		s.Add(plugin.Plan{Decision: plugin.PlanRun, Cause: "new", Bytes: 10, Written: 5, Seconds: 3, Megabytes: float64(100 + i), Damage: damage(0.6), Steps: steps(i > 0)}, nil)
	}
	s.Add(plugin.Plan{Decision: plugin.PlanSkip, Cause: "already done", Reason: "already done, 2026-01-02 03:04:05", Damage: damage(1)}, nil)
	s.Add(plugin.Plan{Decision: plugin.PlanSkip, Cause: "no output: {stem}.png: x", Reason: "no output: y"}, nil)
	s.Add(plugin.Plan{Decision: plugin.PlanPublish, Cause: "approved in review", Reason: "approved"}, nil)
	s.Add(plugin.Plan{Reason: plugin.NotAPhoto}, nil)
	s.Add(plugin.Plan{}, &plugin.Error{Kind: plugin.Damaged})
	s.Sum(2)
	if s.Photos != 5 || s.Skipped != 2 || s.Failing != 1 || s.Others != 1 || s.Bytes != 40 || s.Written != 20 || s.Seconds != 6 || s.Megabytes != 206 {
		t.Errorf("%+v", s)
	}
	want := []survey.Decision{{"run", "new", 4}, {"fail", string(plugin.Damaged), 1}, {"publish", "approved in review", 1}, {"skip", "already done", 1}, {"skip", "no output", 1}}
	if !reflect.DeepEqual(s.Decisions, want) {
		t.Errorf("%+v", s.Decisions)
	}
	if s.Damage.Tenths != [10]int{6: 4, 9: 1} || s.Damage.Known != 5 {
		t.Errorf("%+v", s.Damage)
	}
	if !reflect.DeepEqual(s.Steps, []survey.Step{{Name: "promptcir", Runs: 3, LeftOut: 1}}) {
		t.Errorf("%+v", s.Steps)
	}
}

func TestCausesAreBounded(t *testing.T) {
	s := survey.Survey{}
	for i := range 1000 {
		s.Add(plugin.Plan{Decision: plugin.PlanSkip, Reason: "r", Cause: string(rune('a' + i))}, nil)
	}
	if s.Sum(1); len(s.Decisions) > 101 || s.Decisions[0].Cause != "other" || s.Skipped != 1000 {
		t.Errorf("%d: %+v", len(s.Decisions), s.Decisions[0])
	}
}

func TestMeter(t *testing.T) {
	began := time.Unix(1000, 0)
	m := survey.Meter{Total: 10, Bytes: 1000}
	m.Start(began)
	if _, ok := m.Left(began.Add(time.Second)); ok {
		t.Error("a time is left before anything was done")
	}
	m.Skip(200) // done before: says nothing of the speed
	m.Add(100)
	m.Add(300)
	now := began.Add(20 * time.Second)
	if left, ok := m.Left(now); !ok || left != 20*time.Second { // half of 800 bytes in 20 s
		t.Errorf("%v %v", left, ok)
	}
	if done, total := m.Done(); done != 2 || total != 9 || m.PerSecond(now) != 0.1 {
		t.Errorf("%d %d %g", done, total, m.PerSecond(now))
	}
	m.Add(400)
	if left, ok := m.Left(now); !ok || left != 0 {
		t.Errorf("%v %v", left, ok)
	}
}
