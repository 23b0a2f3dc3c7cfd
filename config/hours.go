package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Hours are a span of the day by the local clock, such as 22:00-06:00, on every
// day or on some days of the week. One that passes midnight belongs to the day on
// which it begins.
type Hours struct {
	From, To time.Duration // since midnight
	Days     Days
}

// Days are days of the week, by their bits, Sunday's the lowest; 0 is every day.
type Days uint8

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseDays reads days such as "mon-fri" or "sat,sun".
func parseDays(text string) (all Days, ok bool) {
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		first, last, _ := strings.Cut(part, "-")
		if last == "" {
			last = first
		}
		from, to := slices.Index(dayNames[:], first), slices.Index(dayNames[:], last)
		if from < 0 || to < 0 || strings.HasSuffix(part, "-") {
			return 0, false
		}
		for day := from; ; day = (day + 1) % 7 {
			all |= 1 << day
			if day == to {
				break
			}
		}
	}
	return all, true
}

func (d Days) has(day time.Weekday) bool { return d == 0 || d&(1<<day) != 0 }

// ParseHours reads "HH:MM-HH:MM", with days of the week before it or without.
func ParseHours(text string) (h Hours, err error) {
	wrong := fmt.Errorf("must be hours such as \"22:00-06:00\" or \"mon-fri 08:00-18:00\", got %q", text)
	days, clock, found := strings.Cut(strings.TrimSpace(text), " ")
	if !found {
		clock = days
	} else if h.Days, found = parseDays(days); !found {
		return h, wrong
	}
	var from, to [2]int
	n, err := fmt.Sscanf(strings.TrimSpace(clock)+";", "%d:%d-%d:%d;", &from[0], &from[1], &to[0], &to[1])
	h.From, h.To = sinceMidnight(from), sinceMidnight(to)
	if n != 4 || err != nil || h.From < 0 || h.To < 0 || h.From == h.To {
		return h, wrong
	}
	return h, nil
}

// DecodeStrict reads hours.
func (h *Hours) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	err := fmt.Errorf("must be hours such as \"22:00-06:00\" or \"mon-fri 08:00-18:00\", got %s", diag.Describe(node))
	if node.Kind == yaml.ScalarNode {
		if read, failed := ParseHours(node.Value); failed == nil {
			*h, err = read, nil
		}
	}
	if err != nil {
		return diag.Diagnostics{diag.At(node, "%s", err)}
	}
	return nil
}

// UnmarshalText reads hours, of a flag for instance.
func (h *Hours) UnmarshalText(text []byte) (err error) {
	*h, err = ParseHours(string(text))
	return err
}

// JSONSchema describes the hours for editors.
func (*Hours) JSONSchema() map[string]any {
	const day = "([Ss]un|[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at)"
	const span = day + "(-" + day + ")?"
	return map[string]any{"type": "string", "pattern": "^(" + span + "(," + span + `)* +)?\d?\d:\d\d-\d?\d:\d\d$`}
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
	today, yesterday := t.Weekday(), (t.Weekday()+6)%7
	if h.From < h.To {
		return h.Days.has(today) && h.From <= at && at < h.To
	}
	return h.Days.has(today) && at >= h.From || h.Days.has(yesterday) && at < h.To
}

// String is the span as it is written.
func (h Hours) String() string {
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	text := clock(h.From) + "-" + clock(h.To)
	var days []string
	for i := range 7 { // from Monday
		if day := (i + 1) % 7; h.Days&(1<<day) != 0 {
			days = append(days, dayNames[day])
		}
	}
	if len(days) > 0 {
		text = strings.Join(days, ",") + " " + text
	}
	return text
}
