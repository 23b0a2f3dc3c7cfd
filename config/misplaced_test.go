package config_test

import (
	"strings"
	"testing"
)

// A key at the wrong level is told of with the place where it belongs, whether
// it is written by its name of today or by its former one.
func TestMisplacedKeys(t *testing.T) {
	for text, want := range map[string]string{
		"poll: 30s":                              `f.yaml:1:1: unknown key "poll" here: it is watch.poll_interval`,
		"poll_interval: 30s":                     `unknown key "poll_interval" here: it is watch.poll_interval`,
		"memory: 2GB":                            `unknown key "memory" here: it is cluster.memory, limits.memory or worker.memory`,
		"stall: 5m":                              `unknown key "stall" here: it is worker.stall_timeout`,
		"watch: [{folder: a, quiet: [1:00]}]":    `unknown key "quiet" here: it is quiet_hours at the top level`,
		"worker: {concurrency: 2}":               `unknown key "concurrency" here: it is limits.concurrency`,
		"limits: {outputs: [], pages: 1}":        `unknown key "outputs" here: it is pipelines.NAME.outputs`,
		"pipelines: {p: {output: a}}":            `unknown key "output"; did you mean "outputs"?`,
		"watch: [{poll: 1s, poll_interval: 1s}]": `unknown key "poll" here: it is watch.poll_interval`,
		"nothing: 1":                             `unknown key "nothing"`,
	} {
		_, faults := parse(t, t.TempDir(), text)
		if strings.Count(faults, want) != 1 || strings.Count(faults, "unknown key") != 1 {
			t.Errorf("%s: %q is not alone among\n%s", text, want, faults)
		}
	}
}

// Numbers that counted mebibytes in former versions are refused, not taken for bytes.
func TestSizesWithoutAUnit(t *testing.T) {
	for _, text := range []string{"limits: {memory: 4000}", "limits: {min_free_space: 256}", "limits: {free: 256}", "worker: {memory: 4000}"} {
		if _, faults := parse(t, t.TempDir(), "version: 1\n"+text+pipeline); !strings.Contains(faults, "write a size with its unit, such as 2GB") {
			t.Errorf("%s: %s", text, faults)
		}
	}
	for _, text := range []string{"limits: {memory: 0, min_free_space: 0}", "limits: {min_free_space: 256MiB}", "worker: {memory: 0}"} {
		if _, faults := parse(t, t.TempDir(), "version: 1\n"+text+pipeline); faults != "" {
			t.Errorf("%s: %s", text, faults)
		}
	}
}
