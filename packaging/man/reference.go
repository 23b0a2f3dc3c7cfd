package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// referencePages are those made of the references below config.
func referencePages(config string) ([]page, error) {
	var b strings.Builder
	b.WriteString("# NAME\n\nburnish.yaml - configuration of Burnish\n\n# DESCRIPTION\n\n")
	chapters, err := chaptersOf(config)
	if err != nil {
		return nil, err
	}
	for i, name := range append([]string{"README.md"}, chapters...) {
		text, err := os.ReadFile(filepath.Join(config, name))
		if err != nil {
			return nil, err
		}
		title, body := chapter(string(text))
		if i > 0 {
			fmt.Fprintf(&b, "# %s\n\n", strings.ToUpper(title))
		}
		b.WriteString(body + "\n")
	}
	b.WriteString("# SEE ALSO\n\nburnish(1), burnish-check(1), burnish-operators(7)\n")

	text, err := os.ReadFile(filepath.Join(config, "operations.md"))
	if err != nil {
		return nil, err
	}
	_, body := chapter(string(text))
	operators := "# NAME\n\nburnish-operators - steps of Burnish's pipelines\n\n# DESCRIPTION\n\n" + body +
		"\n# SEE ALSO\n\nburnish-ops(1), burnish.yaml(5)\n"
	return []page{
		{name: "burnish.yaml", section: 5, title: "File Formats", text: b.String()},
		{name: "burnish-operators", section: 7, title: "Miscellaneous", text: operators},
	}, nil
}

var (
	localLink = regexp.MustCompile(`\[([^\]]+)\]\(([^)]*)\)`)
	contents  = regexp.MustCompile(`(?s)\| page \| topic \|\n.*?\n\n`)
)

// chaptersOf are the references that the table of contents in README.md names, in
// its order, without the operators, which have a page of their own.
func chaptersOf(config string) (names []string, err error) {
	text, err := os.ReadFile(filepath.Join(config, "README.md"))
	if err != nil {
		return nil, err
	}
	for _, link := range localLink.FindAllStringSubmatch(contents.FindString(string(text)), -1) {
		if link[2] != "operations.md" {
			names = append(names, link[2])
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s/README.md has no table of contents", config)
	}
	return names, nil
}

// chapter parts a reference into its title and a body for one long page: links
// between files become their text, headings go one level down, and the table of
// contents goes.
func chapter(text string) (title, body string) {
	text = contents.ReplaceAllString(text, "")
	var b strings.Builder
	code := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code:
		case title == "" && strings.HasPrefix(line, "# "):
			title = strings.TrimSpace(line[2:])
			continue
		case strings.HasPrefix(line, "#"):
			line = "#" + line
			fallthrough
		default:
			line = localLink.ReplaceAllStringFunc(line, func(link string) string {
				parts := localLink.FindStringSubmatch(link)
				if strings.HasPrefix(parts[2], "http") {
					return link
				}
				if strings.HasSuffix(parts[1], ".md") {
					return "burnish.yaml(5)" // the references are its chapters
				}
				return parts[1]
			})
		}
		b.WriteString(line)
	}
	return title, listTables(b.String())
}
