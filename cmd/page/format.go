package page

import (
	"fmt"
	"html/template"
	"time"

	"golang.org/x/text/number"
)

// number writes a number as the language does: whole, or with up to two digits
// after the point where it is small.
func (t texts) number(v any) string {
	switch n := v.(type) {
	case float64:
		digits := 0
		switch {
		case n != 0 && n < 10:
			digits = 2
		case n < 100:
			digits = 1
		}
		return t.printer.Sprint(number.Decimal(n, number.MaxFractionDigits(digits)))
	default:
		return t.printer.Sprint(number.Decimal(v))
	}
}

// percent writes a share of 0 to 1.
func (t texts) percent(v float64) string {
	return t.printer.Sprint(number.Percent(v, number.MaxFractionDigits(0)))
}

// bytes writes a size in binary units, as file managers do.
func (t texts) bytes(n int64) string {
	v, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for v >= 1024 && unit < len(units)-1 {
		v /= 1024
		unit++
	}
	digits := 0
	if unit > 0 && v < 10 {
		digits = 1
	}
	return t.printer.Sprint(number.Decimal(v, number.MaxFractionDigits(digits))) + " " + units[unit]
}

// duration writes a time span in one or two units.
func (t texts) duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return t.say("time.ms", int(d.Milliseconds()))
	case d < 10*time.Second:
		return t.say("time.s", fmt.Sprintf("%.1f", d.Seconds()))
	case d < time.Minute:
		return t.say("time.s", fmt.Sprintf("%.0f", d.Seconds()))
	case d < time.Hour:
		return t.say("time.min", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return t.say("time.h", int(d.Hours()), int(d.Minutes())%60)
	}
	return t.count("time.days", int(d.Hours())/24)
}

// ago writes a moment relative to now, and exactly for the mouse and machines.
func (t texts) ago(at time.Time) template.HTML {
	if at.IsZero() {
		return ""
	}
	text, d := "", time.Since(at)
	switch {
	case d < -time.Second:
		text = t.say("time.in", t.coarse(-d))
	case d < 5*time.Second:
		text = t.say("time.now")
	default:
		text = t.say("time.ago", t.coarse(d))
	}
	return moment(at, text)
}

// at writes the time of a day, and the date where it is another day.
func (t texts) at(at time.Time) template.HTML {
	if at.IsZero() {
		return ""
	}
	at = at.Local()
	format := "2006-01-02 15:04"
	if now := time.Now(); at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		format = "15:04:05"
	}
	return moment(at, at.Format(format))
}

func moment(at time.Time, text string) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		at.UTC().Format(time.RFC3339), at.Local().Format(time.DateTime), template.HTMLEscapeString(text)))
}

// coarse is a duration in one unit.
func (t texts) coarse(d time.Duration) string {
	switch {
	case d < time.Minute:
		return t.count("time.seconds", int(d.Seconds()))
	case d < time.Hour:
		return t.count("time.minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return t.count("time.hours", int(d.Hours()))
	}
	return t.count("time.days", int(d.Hours())/24)
}
