package change

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Text says what the change means, with as many photos at a time.
func (c Change) Text(parallel int) string {
	return fmt.Sprintf("pipeline %s changed at %s: %s", c.Pipeline, c.At, c.Figures(parallel))
}

// Figures says how much there is to do.
func (c Change) Figures(parallel int) string {
	if c.Photos == 0 {
		return "0 photos"
	}
	parts := []string{number(c.Photos, "photo"), c.each()}
	switch c.Offline {
	case 0:
	case c.Photos:
		parts = append(parts, "network not needed")
	default:
		parts = append(parts, "network not needed for "+grouped(c.Offline))
	}
	parts = append(parts, "about "+Duration(c.Seconds/float64(max(1, parallel))))
	return strings.Join(parts, "; ")
}

// each says how many outputs are to be made.
func (c Change) each() string {
	if c.Outputs%c.Photos != 0 {
		return number(c.Outputs, "output")
	}
	return number(c.Outputs/c.Photos, "output") + " each"
}

// Duration is an estimate for people, no more exact than it is.
func Duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return "1 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	case d < 48*time.Hour:
		minutes := int(d.Round(10*time.Minute).Minutes()) % (24 * 60 * 365)
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24+0.5))
}

func number(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return grouped(n) + " " + thing
}

// grouped writes a number with commas between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
