package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
)

// Every key of the old names is told of with its new one, once, and what is
// wrong below it is found all the same.
func TestOldKeysAreToldOfWithTheNewOnes(t *testing.T) {
	dir := t.TempDir()
	for _, r := range config.Renamed {
		path := strings.Split(r.Was, ".")
		text := "[not a value of this key]"
		for i := len(path) - 1; i >= 0; i-- {
			switch {
			case path[i] != "*":
				text = fmt.Sprintf("{%s: %s}", path[i], text)
			case path[i-1] == "watch" || path[i-1] == "steps":
				text = "[" + text + "]"
			default:
				text = fmt.Sprintf("{some: %s}", text)
			}
		}
		_, faults := parse(t, dir, text)
		was := path[len(path)-1]
		if want := fmt.Sprintf("unknown key %q: it is %q now", was, r.Now); strings.Count(faults, want) != 1 {
			t.Errorf("%s: %q is not among\n%s", text, want, faults)
		}
		if strings.Count(faults, fmt.Sprintf("unknown key %q", was)) != 1 || strings.Contains(faults, fmt.Sprintf("unknown key %q", r.Now)) {
			t.Errorf("%s: %s", text, faults)
		}
		if r.Now != "quiet_hours" && r.Now != "allow_formats" && !strings.Contains(faults, "got a list") {
			t.Errorf("%s: its value is not looked at:\n%s", text, faults)
		}
	}
	both := "watch: [{folder: " + dir + ", pipeline: p, output: o, poll: 1s, poll_interval: 2s}]"
	if _, faults := parse(t, dir, both); strings.Count(faults, `unknown key "poll"`) != 1 {
		t.Errorf("%s: %s", both, faults)
	}
}
