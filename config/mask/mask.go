// Package mask hides the secrets of a configuration's text, so that it can be
// shown: what follows a key or a command's option that names a secret, and what
// of a URL is one. The text need not be well-formed YAML. The package knows no key
// of Burnish's own.
package mask

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Hidden stands where a secret was.
const Hidden = "••••••"

// secret matches the names of keys whose values are hidden.
const secret = `[\w.-]*(?i:secret|token|passw(?:or)?d|passphrase|credential|authorization|api[_-]?key|private[_-]?key)[\w.-]*`

var (
	secretName = regexp.MustCompile(`^` + secret + `$`)
	// keyed is a key that names a secret, quoted or not, and what follows on its line.
	keyed = regexp.MustCompile(`(^|[\s{,\-#"'])("?'?` + secret + `"?'?\s*:)([ \t]+\S.*|\s*)$`)
	flow  = regexp.MustCompile(`([{,]\s*"?'?` + secret + `"?'?\s*:\s*)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\[[^\]]*\]|\{[^}]*\}|[^,}\n]*)`)
	links = regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>,\]}]+`)
	// option is a command's argument that names a secret, with its value or before it.
	option = regexp.MustCompile(`^--?` + secret + `(?:=(?s:(.*)))?$`)
	// assigned is such an argument within a text.
	assigned = regexp.MustCompile(`(--?` + secret + `=)("[^"]*"|[^\s"',\]}]+)`)
)

// shortest is the length of a secret that is looked for elsewhere in the text:
// shorter ones are parts of other words.
const shortest = 4

// Text is a configuration's text with its secrets hidden. It has the lines of
// the original.
func Text(text string) string {
	lines := strings.Split(text, "\n")
	below := -1 // columns of the key whose further lines are hidden; -1: none
	for i, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if below >= 0 {
			item := indent == below && strings.HasPrefix(line[indent:], "-")
			if strings.TrimSpace(line) == "" || indent > below || item {
				if strings.TrimSpace(line) != "" {
					lines[i] = line[:indent] + Hidden
				}
				continue
			}
			below = -1
		}
		line = flow.ReplaceAllString(line, "${1}"+Hidden)
		if m := keyed.FindStringSubmatchIndex(line); m != nil && !strings.Contains(line[m[6]:], Hidden) {
			below = m[4] // where the key begins
			rest := strings.TrimSpace(line[m[6]:])
			line = line[:m[5]]
			if rest != "" {
				line += " " + Hidden
			}
		}
		line = assigned.ReplaceAllString(line, "${1}"+Hidden)
		lines[i] = links.ReplaceAllStringFunc(line, address)
	}
	return Words(strings.Join(lines, "\n"), Secrets(text))
}

// Secrets are the values that a text's YAML gives to keys that name a secret,
// longest first, also by way of an alias, and those of its URLs.
func Secrets(text string) (all []string) {
	var root yaml.Node
	if yaml.Unmarshal([]byte(text), &root) != nil {
		return nil
	}
	seen := map[*yaml.Node]bool{}
	var values func(n *yaml.Node)
	values = func(n *yaml.Node) {
		switch {
		case seen[n]:
		case n.Kind == yaml.AliasNode:
			seen[n] = true
			values(n.Alias)
		case n.Kind == yaml.ScalarNode:
			all = append(all, strings.Split(n.Value, "\n")...)
		default:
			seen[n] = true
			for _, c := range n.Content {
				values(c)
			}
		}
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && secretName.MatchString(n.Content[i-1].Value) {
				values(c)
			}
			if n.Kind == yaml.SequenceNode {
				argument(n.Content, i, values)
			}
			walk(c)
		}
	}
	walk(&root)
	for _, link := range links.FindAllString(text, -1) {
		if address(link) != link {
			all = append(all, link)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < shortest })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}

// argument hands the value of a command's argument that names a secret to values.
func argument(all []*yaml.Node, i int, values func(*yaml.Node)) {
	m := option.FindStringSubmatch(all[i].Value)
	switch {
	case m == nil:
	case strings.Contains(m[0], "="):
		values(&yaml.Node{Kind: yaml.ScalarNode, Value: m[1]})
	case i+1 < len(all):
		values(all[i+1])
	}
}

// Words is a message without the secrets of a text.
func Words(message string, secrets []string) string {
	for _, s := range secrets {
		message = strings.ReplaceAll(message, s, Hidden)
	}
	return message
}

// address is a URL without what may be secret in it: its user, and, on the web,
// its path and query, which are all that keeps others from calling a webhook.
func address(link string) string {
	u, err := url.Parse(link)
	web := strings.HasPrefix(strings.ToLower(link), "http")
	switch {
	case !web && (err == nil && u.User == nil || !strings.Contains(link, "@")):
		return link
	case err != nil || u.Host == "":
		return Hidden
	case u.User == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == "":
		return link
	}
	return u.Scheme + "://" + u.Host + "/" + Hidden
}
