package page

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/serve"
	"github.com/burnish-photo/burnish/ops/graph/draw"
)

// configurationView shows the configuration file and takes it up again.
type configurationView struct{ *Page }

func (v configurationView) routes() []Route {
	return []Route{
		v.view("GET /config", "config", func(r *http.Request) (any, error) { return v.data(r, nil) }),
		{"POST /config/reload", serve.Act, v.reload},
	}
}

// configuration is what its template shows.
type configuration struct {
	api.ConfigurationFile
	Lines   []fileLine
	General []api.ConfigurationItem // of no line
	Errors  int
	Drawn   []drawing
	Failed  bool     // a reload just now
	Refused []string // why, as far as it is not among the faults
}

// fileLine is a line of the file in parts of one colour each.
type fileLine struct {
	Number int
	Parts  []part
	Faults []api.ConfigurationItem
}

// Class is the style's for a line that something is said of.
func (l fileLine) Class() string {
	switch {
	case len(l.Faults) == 0:
		return ""
	case slices.ContainsFunc(l.Faults, func(f api.ConfigurationItem) bool { return !f.Warning }):
		return "faulty"
	}
	return "doubtful"
}

// part is text of one kind: a class of the style, or "".
type part struct{ Class, Text string }

// drawing is a pipeline as a picture.
type drawing struct {
	Name string
	SVG  template.HTML
	Text string // of its boxes, for who cannot see it
}

func (v configurationView) data(r *http.Request, refused error) (configuration, error) {
	file, err := api.Configuration.Call(r.Context(), v.client, api.None{})
	if err != nil {
		return configuration{}, err
	}
	c := configuration{ConfigurationFile: file}
	byLine := map[int][]api.ConfigurationItem{}
	text := strings.Split(strings.TrimSuffix(file.Text, "\n"), "\n")
	for _, f := range file.Faults {
		if !f.Warning {
			c.Errors++
		}
		if f.Line < 1 || f.Line > len(text) {
			c.General = append(c.General, f)
			continue
		}
		byLine[f.Line] = append(byLine[f.Line], f)
	}
	for i, line := range text {
		c.Lines = append(c.Lines, fileLine{i + 1, coloured(line), byLine[i+1]})
	}
	for _, g := range file.Graphs {
		d, err := drawn(g)
		if err != nil {
			return c, err
		}
		c.Drawn = append(c.Drawn, d)
	}
	if refused != nil {
		c.Failed = true
		c.Refused = strings.Split(refused.Error(), "\n")
	}
	return c, nil
}

// Base is the file's name without its folder.
func (c configuration) Base() string { return path.Base(c.Name) }

// drawn draws a pipeline. What the boxes say is escaped by the drawing.
func drawn(g api.PipelineGraph) (drawing, error) {
	for i, b := range g.Boxes {
		for _, from := range b.Inputs {
			if from < 0 || from >= i {
				return drawing{}, fmt.Errorf("the pipeline %s has a box that reads box %d, must be one before it", g.Name, from)
			}
		}
	}
	var svg bytes.Buffer
	if err := draw.SVG(&svg, g.Boxes); err != nil {
		return drawing{}, err
	}
	d := drawing{Name: g.Name, SVG: template.HTML(svg.String())}
	for i, b := range g.Boxes {
		if i > 0 {
			d.Text += "; "
		}
		d.Text += strings.Join(b.Lines, ", ")
	}
	return d, nil
}

// coloured parts a line of YAML: its comment, its key and the rest. It is for
// the eye alone and knows no more than lines.
func coloured(line string) (parts []part) {
	body, comment := line, ""
	quoted := rune(0)
	for i, c := range line {
		switch {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '"' || c == '\'':
			quoted = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			body, comment = line[:i], line[i:]
		}
		if comment != "" {
			break
		}
	}
	add := func(class, text string) {
		if text != "" {
			parts = append(parts, part{class, text})
		}
	}
	start := len(body) - len(strings.TrimLeft(body, " \t-"))
	if at := strings.Index(body, ":"); at > start && (at+1 == len(body) || body[at+1] == ' ') && !strings.ContainsAny(body[start:at], "{[ ") {
		add("", body[:start])
		add("key", body[start:at])
		add("", body[at:])
	} else {
		add("", body)
	}
	add("comment", comment)
	return parts
}

// reload has the daemon take up the file, and shows why it does not.
func (v configurationView) reload(w http.ResponseWriter, r *http.Request) {
	_, refused := api.Reload.Call(r.Context(), v.client, api.None{})
	if refused == nil {
		http.Redirect(w, r, serve.Base(r)+"/config?said=reloaded", http.StatusSeeOther)
		return
	}
	c, err := v.data(r, refused)
	if err != nil {
		v.problem(w, r, "config", errors.Join(refused, err))
		return
	}
	// What the file itself says at its lines is not said twice.
	c.Refused = slices.DeleteFunc(c.Refused, func(line string) bool {
		return strings.HasSuffix(line, "has faults:") || slices.ContainsFunc(c.Faults, func(f api.ConfigurationItem) bool { return strings.Contains(line, f.Message) })
	})
	v.render(w, r, http.StatusUnprocessableEntity, "config", c)
}
