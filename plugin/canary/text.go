package canary

import (
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/history/rollout"
)

// named is how many photos the lines tell of by name.
const named = 20

// Lines tell of the trial, for people.
func (t Trial) Lines() []string {
	at := ""
	if t.At != "" {
		at = " at " + t.At
	}
	lines := []string{fmt.Sprintf("pipeline %s, changed%s, in %s: %s", t.Pipeline, at, t.Folder, t.Progress())}
	for _, line := range t.Figures.Lines() {
		lines = append(lines, "  "+line)
	}
	for i, p := range t.Photos {
		if i == named {
			lines = append(lines, fmt.Sprintf("  and %d more; --json tells of up to %d", len(t.Photos)-named, shown))
			break
		}
		lines = append(lines, fmt.Sprintf("    %-12s %s", p.Mark(), p.Path)+p.more())
	}
	switch {
	case t.Verdict == rollout.Go:
		lines = append(lines, "  decided: the other photos follow")
	case t.Verdict == rollout.Back:
		lines = append(lines, "  decided: former outputs are back; burnish canary go takes the change up again")
	default:
		lines = append(lines, "  burnish canary go: the others follow; burnish canary back: former outputs return")
	}
	return lines
}

// Progress is how far the trial has come.
func (t Trial) Progress() string {
	text := fmt.Sprintf("tried on %d of %d photos", t.Chosen, t.Concerned)
	if t.Verdict == rollout.Open {
		text += fmt.Sprintf(", %d done, %d failed", t.Done, t.Failed)
	}
	return text + fmt.Sprintf("; %d wait", max(0, t.Waiting-t.Left()))
}

// Decided reports whether somebody has decided on it.
func (t Trial) Decided() bool { return t.Verdict != rollout.Open }

// Left is how many of the sample are still to be tried.
func (t Trial) Left() int {
	if t.Decided() {
		return 0
	}
	return max(0, t.Chosen-t.Done-t.Failed)
}

// Lines tell of the figures, for people.
func (f Figures) Lines() (lines []string) {
	if f.Compared > 0 {
		lines = append(lines, fmt.Sprintf("likeness to the former outputs: PSNR %.1f dB mean, %.1f dB least, of %d outputs", f.MeanPSNR, f.LeastPSNR, f.Compared))
	}
	if f.Equal+f.Unlike > 0 {
		lines = append(lines, fmt.Sprintf("outputs that are the same: %d; that cannot be compared: %d", f.Equal, f.Unlike))
	}
	if f.Bytes[0] > 0 {
		lines = append(lines, fmt.Sprintf("size: %s, before %s (%+.1f%%)", diag.Size(f.Bytes[1]), diag.Size(f.Bytes[0]), 100*(float64(f.Bytes[1])/float64(f.Bytes[0])-1)))
	}
	if f.Seconds[1] > 0 {
		lines = append(lines, fmt.Sprintf("time: %.1f s, before %.1f s", f.Seconds[1], f.Seconds[0]))
	}
	if f.Decisions > 0 {
		lines = append(lines, fmt.Sprintf("photos decided otherwise, such as restored or left alone: %d", f.Decisions))
	}
	return lines
}

// Mark is the one figure that tells most of the photo.
func (p Photo) Mark() string {
	if p.Error != "" {
		return "failed"
	}
	if psnr, known := p.Likeness(); known {
		return fmt.Sprintf("%.1f dB", psnr)
	}
	for _, o := range p.Outputs {
		if !o.Equal {
			return "not compared"
		}
	}
	return "the same"
}

// more is what else there is to tell of the photo.
func (p Photo) more() string {
	var parts []string
	if p.Error != "" {
		parts = append(parts, p.Error)
	}
	if other := p.Decision(); other != "" {
		parts = append(parts, other)
	}
	for _, o := range p.Outputs {
		if o.Reason != "" {
			parts = append(parts, o.Path+": "+o.Reason)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, "; ")
}
