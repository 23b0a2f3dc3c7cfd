package main

import (
	"strings"
	"testing"
	"time"
)

// The references become pages in which nothing of Markdown is left, and every
// key is a definition.
func TestReferencePages(t *testing.T) {
	pages, err := referencePages("../../config")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		roff := string(p.roff("1.2.3", time.Unix(0, 0).UTC()))
		if !strings.Contains(roff, `"1970-01-01" "Burnish 1.2.3"`) {
			t.Errorf("%s: no date and version in its title", p.name)
		}
		for _, left := range []string{"](", "|---", "| --- |", "```", ".TS"} {
			if strings.Contains(roff, left) {
				t.Errorf("%s: %q is left of the Markdown", p.name, left)
			}
		}
	}
	if roff := string(pages[0].roff("", time.Now())); !strings.Contains(roff, ".TP\n\\fBwatch.settle\\fR\n") {
		t.Error("burnish.yaml(5) does not define watch.settle")
	}
}

func TestListTables(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"two columns": {"| key | what |\n|---|---|\n| `a` | one |\n\nend", "`a`\n: one.\n\n\nend"},
		"meaning last": {
			"| key | default | meaning |\n|---|---|---|\n| `a` | `2s` | a time. |\n| `b` | | no default |",
			"`a`\n: a time. Default: `2s`.\n\n`b`\n: no default.\n",
		},
		"no meaning":      {"| f | EXIF | pages |\n| --- | --- | --- |\n| `gif` |  | yes |", "`gif`\n: Pages: yes.\n"},
		"escaped bar":     {"| k | v |\n|---|---|\n| `a \\| b` | either |", "`a | b`\n: either.\n"},
		"code":            {"```\n| a | b |\n|---|---|\n| c | d |\n```", "```\n| a | b |\n|---|---|\n| c | d |\n```"},
		"no table":        {"| a line that begins with a bar", "| a line that begins with a bar"},
		"rule on its own": {"a\n|---|---|\nb", "a\n|---|---|\nb"},
	} {
		if got := listTables(test.in); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
