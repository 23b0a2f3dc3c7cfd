package tools

import "fmt"

// State is how serious a [Finding] is.
type State string

// What a check may come to.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, but perhaps not as wanted
	Fault   State = "fault"   // something does not work
)

// Finding is what one check of an installation came to.
type Finding struct {
	Check  string `json:"check"` // what was looked at, such as libvips
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"` // the one thing to do; "" where nothing is
}

// Found is a finding that needs nothing.
func Found(check, format string, args ...any) Finding {
	return Finding{Check: check, State: OK, Detail: fmt.Sprintf(format, args...)}
}

// Warn is f as a warning, with what to do.
func (f Finding) Warn(format string, args ...any) Finding {
	f.State, f.Hint = Warning, fmt.Sprintf(format, args...)
	return f
}

// Fail is f as a fault, with what to do.
func (f Finding) Fail(format string, args ...any) Finding {
	f.State, f.Hint = Fault, fmt.Sprintf(format, args...)
	return f
}
