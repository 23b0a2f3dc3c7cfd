package mask_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config/mask"
)

func TestSecretsAreHidden(t *testing.T) {
	for name, text := range map[string]string{
		"plain":         "notify:\n  webhook_secret: hunter22\n  url: x",
		"quoted":        `"api_key": "hunter22"`,
		"commas":        "secret: hunter22, or so",
		"flow":          "a: {url: b, token: hunter22, c: d}",
		"flow quoted":   `a: {token: "x, hunter22", c: d}`,
		"flow, list":    "a: {tokens: [x, hunter22], c: d}",
		"item":          "- password: hunter22",
		"upper case":    "API_TOKEN: hunter22",
		"list":          "tokens:\n- hunter22\n- b\nc: d",
		"deeper list":   "  tokens:\n    - hunter22\n  c: d",
		"mapping":       "credentials:\n  user: hunter22\nc: d",
		"block":         "secret: |\n  first\n\n  hunter22\nc: d",
		"folded":        "secret: >-\n  hunter22\nc: d",
		"many lines":    "secret: \"first\n  hunter22\"\nc: d",
		"comment":       "# token: hunter22",
		"behind a tag":  "secret: !!str hunter22",
		"alias":         "x: &s hunter22\nsecret: *s",
		"repeated":      "secret: hunter22\nsame: hunter22",
		"broken YAML":   "a: [\nsecret: hunter22",
		"user in a URL": "url: https://me:hunter22@example.org/",
		"path of a URL": "url: https://hooks.example.org/services/hunter22",
		"query":         "url: https://example.org?key=hunter22",
		"tabs":          "secret:\thunter22",
		"option":        "command: [notify, --token=hunter22, -v]",
		"option, words": "command: [notify, --api-key, hunter22]",
		"option quoted": `command: [notify, "--token=hunter22, x"]`,
		"option block":  "command:\n  - notify\n  - --password\n  - hunter22\nc: d",
		"other scheme":  "to: smtp://me:hunter22@example.org:25",
	} {
		got := mask.Text(text)
		if strings.Contains(got, "hunter22") || !strings.Contains(got, mask.Hidden) {
			t.Errorf("%s: %s\nbecame\n%s", name, text, got)
		}
		if strings.Count(got, "\n") != strings.Count(text, "\n") {
			t.Errorf("%s has other lines: %s", name, got)
		}
	}
}

func TestTheRestStays(t *testing.T) {
	for _, text := range []string{
		"version: 1\nstate_dir: ./state\nwatch:\n  - {folder: ./in, pipeline: p, output: ./out}\n",
		"outputs:\n  - path: \"{stem}.jpg\" # as it was\n",
		"see: https://example.org\n",
	} {
		if got := mask.Text(text); got != text {
			t.Errorf("%s\nbecame\n%s", text, got)
		}
	}
	text := "a: {token: abcd, folder: ./in}\nsecret: x1\nnext: kept"
	if got := mask.Text(text); !strings.Contains(got, "folder: ./in") || !strings.Contains(got, "next: kept") {
		t.Errorf("got %s", got)
	}
}

func TestMessagesAreFreeOfSecrets(t *testing.T) {
	secrets := mask.Secrets("secret: hunter22\nurl: https://a.example/hunter33")
	if got := mask.Words(`must be https, got "https://a.example/hunter33" and hunter22`, secrets); strings.Contains(got, "hunter") {
		t.Error(got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a: {token: x}\nsecret: |\n y\n")
	f.Fuzz(func(t *testing.T, text string) {
		if got := mask.Text(text); strings.Count(got, "\n") < strings.Count(text, "\n") {
			t.Errorf("%q lost lines: %q", text, got)
		}
	})
}
