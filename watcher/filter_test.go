package watcher

import "testing"

func TestAFilterSaysWhy(t *testing.T) {
	for _, c := range []struct {
		config Config
		rel    string
		dir    bool
		want   string
	}{
		{rel: "a.jpg"},
		{rel: "deep/er/a.jpg"},
		{rel: "Thumbs.db", want: `"Thumbs.db" is ignored by the rule thumbs.db`},
		{rel: "x/@eaDir/a.jpg", want: `"@eaDir" is ignored by the rule @eadir`},
		{rel: "a.jpg.part", want: `"a.jpg.part" is ignored by the rule *.part`},
		{rel: ".git", dir: true, want: `".git" is ignored by the rule .*`},
		{config: Config{Exclude: []string{"!.*"}}, rel: ".git", dir: true},
		{config: Config{Exclude: []string{"Private/"}}, rel: "private/a.jpg", want: "the configuration's include and exclude pass it over"},
		{config: Config{Include: []string{"*.png"}}, rel: "deep", dir: true},
		{config: Config{Include: []string{"*.png"}}, rel: "deep/a.jpg", want: "the configuration's include and exclude pass it over"},
		{config: Config{Depth: 1}, rel: "a.jpg"},
		{config: Config{Depth: 1}, rel: "deep", dir: true, want: "it lies deeper than the configuration's depth of 1"},
		{config: Config{Depth: 2}, rel: "deep", dir: true},
	} {
		if got := NewFilter(c.config).Why(c.rel, c.dir); got != c.want {
			t.Errorf("%+v %s: %q, want %q", c.config, c.rel, got, c.want)
		}
	}
}
