package libvips_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
)

// A text is written as it stands, whatever it holds, unless the step says that
// it is markup; markup that cannot be read is a fault of check (pyvips#93).
func TestTextIsNoMarkup(t *testing.T) {
	for text, fault := range map[string]string{
		`{text: "Müller & Sons"}`:                      "",
		`{text: "<b>bold"}`:                            "",
		`{text: "a < b > c"}`:                          "",
		`{text: "&amp;"}`:                              "",
		`{text: "100 %s %d"}`:                          "",
		`{text: "<b>bold</b> &amp;", markup: true}`:    "",
		`{text: "Müller & Sons", markup: true}`:        "cannot be written",
		`{text: "<b>bold", markup: true}`:              "cannot be written",
		`{text: "<blink>a</blink>", markup: true}`:     "cannot be written",
		`{text: "  "}`:                                 "something to write",
		`{text: ""}`:                                   "something to write",
		`{text: "a\0b"}`:                               "control character",
		`{text: "a\eb"}`:                               "control character",
		`{text: a, markup: 1}`:                         "must be true or false",
		`{text: a, markdown: true}`:                    "no argument",
		`{text: "` + strings.Repeat("a & ", 99) + `"}`: "",
	} {
		yaml := "[{text: " + text + ", id: words}]"
		errs, _ := graph.Check(steps(t, yaml), registry(t), ops.Env{}).In("text").Split()
		switch {
		case fault == "" && len(errs) > 0, fault != "" && (len(errs) == 0 || !strings.Contains(errs[0].Error(), fault)):
			t.Errorf("%s: check says %v, want %q", text, errs, fault)
			continue
		case fault != "":
			continue
		}
		if _, _, err := run(t, yaml, ops.Env{}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	// "&amp;" as it stands takes more room than "&" does.
	plain, _, err := run(t, `[{text: {text: "&amp;"}}]`, ops.Env{})
	if err != nil {
		t.Fatal(err)
	}
	marked, _, err := run(t, `[{text: {text: "&amp;", markup: true}}]`, ops.Env{})
	if err != nil || plain == marked {
		t.Errorf("%v: %s as it stands, %s as markup", err, plain, marked)
	}
}
