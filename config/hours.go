package config

import (
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Hours are a span of the day by the local clock, such as 22:00-06:00.
type Hours struct{ From, To time.Duration } // since midnight

// DecodeStrict reads "HH:MM-HH:MM".
func (h *Hours) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	var from, to [2]int
	n, err := fmt.Sscanf(node.Value+";", "%d:%d-%d:%d;", &from[0], &from[1], &to[0], &to[1])
	h.From, h.To = sinceMidnight(from), sinceMidnight(to)
	if n != 4 || err != nil || h.From < 0 || h.To < 0 || h.From == h.To {
		return diag.Diagnostics{diag.At(node, "must be hours such as \"22:00-06:00\", got %s", diag.Describe(node))}
	}
	return nil
}

// JSONSchema describes the hours for editors.
func (*Hours) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `^\d?\d:\d\d-\d?\d:\d\d$`}
}

// sinceMidnight is negative where there is no such time of the day.
func sinceMidnight(t [2]int) time.Duration {
	if t[0] < 0 || t[0] > 24 || t[1] < 0 || t[1] > 59 || t[0] == 24 && t[1] > 0 {
		return -1
	}
	return time.Duration(t[0])*time.Hour + time.Duration(t[1])*time.Minute
}

// Contains reports whether the local time lies in the span, its end excluded.
func (h Hours) Contains(t time.Time) bool {
	t = t.Local()
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	if h.From < h.To {
		return h.From <= at && at < h.To
	}
	return at >= h.From || at < h.To
}

// String is the span as it is written.
func (h Hours) String() string {
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	return clock(h.From) + "-" + clock(h.To)
}
