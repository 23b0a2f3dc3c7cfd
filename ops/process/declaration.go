// Package process makes an operator of a program that the configuration
// declares. The program runs outside of this process and is given pixels on its
// standard input; see package wire for what is said. How it is started and
// confined is [ops.Programs]' affair.
package process

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process/wire"
	"gopkg.in/yaml.v3"
)

// Declaration is an operator of the configuration: a program and what it may do.
type Declaration struct {
	Command     []string             `yaml:"command" help:"the program and its arguments; relative names are files beside the configuration, else programs of the system"`
	Help        string               `yaml:"help" help:"one line for burnish ops"`
	Version     int                  `yaml:"version" range:"1," help:"raise it to make results anew that the program made before"`
	Parameters  map[string]Parameter `yaml:"parameters" help:"parameters of a step, by name"`
	Resizes     bool                 `yaml:"resizes" help:"true: the program's results may have another size than the photo"`
	Timeout     time.Duration        `yaml:"timeout" range:"1s," help:"how long the program may take for a photo"`
	Memory      diag.Size            `yaml:"memory" range:"16MB," help:"memory that a process of the program may hold, with all that it starts"`
	Processes   int                  `yaml:"processes" range:"1,64" help:"photos that the program works on at a time, each in a process of its own"`
	Runs        []string             `yaml:"runs" kind:"path" help:"further programs that it may start; none: it starts no process"`
	Read        []string             `yaml:"read" kind:"path" help:"further files and folders that it may read"`
	Environment map[string]string    `yaml:"environment" help:"variables for the program; it gets no others but PATH, LANG, HOME and TMPDIR"`
}

// SetDefaults sets what a declaration leaves out.
func (d *Declaration) SetDefaults() {
	d.Version, d.Timeout, d.Memory, d.Processes = 1, 5*time.Minute, 1<<30, 1
}

// Parameter is one parameter of a step.
type Parameter struct {
	Type    string    `yaml:"type" enum:"number,integer,boolean,string" help:"what it is"`
	Default yaml.Node `yaml:"default" help:"value where a step gives none; without one, each step must give it"`
	Min     *float64  `yaml:"min" help:"least value of a number"`
	Max     *float64  `yaml:"max" help:"greatest value of a number"`
	Values  []string  `yaml:"values" help:"values of a string, where not every one is right"`
	Help    string    `yaml:"help" help:"one line for burnish ops"`
}

var parameterName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// mostParameters bounds the parameters of an operator.
const mostParameters = 100

// Validate judges what the tags do not.
func (d Declaration) Validate() error {
	var errs []error
	invalid := func(field, format string, args ...any) { errs = append(errs, diag.Invalid(field, format, args...)) }
	if len(d.Command) == 0 || d.Command[0] == "" {
		invalid("command", "must name the program, as in [./vignette.py], got nothing")
	}
	for i, word := range d.Command {
		if strings.ContainsRune(word, 0) {
			invalid(fmt.Sprintf("command.%d", i), "must hold no zero byte")
		}
	}
	if strings.ContainsAny(d.Help, "\n\r") {
		invalid("help", "must be one line")
	}
	if n := len(d.Parameters); n > mostParameters {
		invalid("parameters", "must be at most %d, got %d", mostParameters, n)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		if !parameterName.MatchString(name) {
			invalid("parameters."+name, "a name must be small letters, digits and _")
		}
		errs = append(errs, diag.Below("parameters."+name, d.Parameters[name].judge()))
	}
	for name := range d.Environment {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.HasPrefix(name, "LD_") {
			invalid("environment."+name, "must be a variable's name, and none of the loader's (LD_…)")
		}
	}
	return errors.Join(errs...)
}

func (p Parameter) judge() error {
	var errs []error
	numeric := p.Type == wire.Number || p.Type == wire.Integer
	switch {
	case p.Min != nil && !numeric:
		errs = append(errs, diag.Invalid("min", "only numbers have one"))
	case p.Max != nil && !numeric:
		errs = append(errs, diag.Invalid("max", "only numbers have one"))
	case p.Min != nil && p.Max != nil && *p.Min > *p.Max:
		errs = append(errs, diag.Invalid("min", "must be at most max (%g), got %g", *p.Max, *p.Min))
	case len(p.Values) > 0 && p.Type != wire.String:
		errs = append(errs, diag.Invalid("values", "only strings have them"))
	}
	if p.given() && len(errs) == 0 && p.Type != "" {
		if _, err := p.value(&p.Default); err != nil {
			errs = append(errs, diag.Invalid("default", "%v", err))
		}
	}
	return errors.Join(errs...)
}

// given reports whether there is a default.
func (p Parameter) given() bool { return p.Default.Kind != 0 && p.Default.Tag != "!!null" }

// value reads a value of the parameter.
func (p Parameter) value(node *yaml.Node) (any, error) {
	if node.Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("must be a %s, got %s", p.Type, diag.Describe(node))
	}
	wrong := fmt.Errorf("must be a %s, got %s", p.Type, diag.Describe(node))
	switch p.Type {
	case wire.Boolean:
		if node.Tag != "!!bool" {
			return nil, errors.New("must be true or false, got " + diag.Describe(node))
		}
		return strings.EqualFold(node.Value, "true"), nil
	case wire.String:
		if len(p.Values) > 0 {
			return node.Value, diag.OneOf(node.Value, p.Values)
		}
		return node.Value, nil
	}
	x, err := strconv.ParseFloat(node.Value, 64)
	if (node.Tag != "!!int" && node.Tag != "!!float") || err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return nil, wrong
	}
	if p.Type == wire.Integer && x != math.Trunc(x) {
		return nil, fmt.Errorf("must be an integer, got %s", diag.Describe(node))
	}
	return x, diag.Range{Min: p.Min, Max: p.Max}.Check(x)
}

// SearchPath is where programs of the system are looked for.
const SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Resolve makes names of files absolute: those of the command and of Runs that
// lie below folder or are programs of the system.
func (d *Declaration) Resolve(folder string) {
	for i, word := range d.Command {
		if i == 0 {
			d.Command[i] = program(word, folder)
			continue
		}
		if filepath.IsLocal(word) {
			if info, err := os.Stat(filepath.Join(folder, word)); err == nil && info.Mode().IsRegular() {
				d.Command[i] = filepath.Join(folder, word)
			}
		}
	}
	for i, word := range d.Runs {
		d.Runs[i] = program(word, folder)
	}
	for i, path := range d.Read {
		if path != "" && !filepath.IsAbs(path) {
			d.Read[i] = filepath.Join(folder, path)
		}
	}
}

// program is the absolute path of a program, or the name where there is none.
func program(name, folder string) string {
	switch {
	case name == "" || filepath.IsAbs(name):
		return name
	case strings.ContainsRune(name, '/'):
		return filepath.Join(folder, name)
	}
	if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode().IsRegular() {
		return filepath.Join(folder, name)
	}
	for _, dir := range filepath.SplitList(SearchPath) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return name
}

// Files are the program's files that the command names: the program itself, and
// arguments that are files.
func (d Declaration) Files() (files []string) {
	for i, word := range d.Command {
		if i > 0 {
			if info, err := os.Stat(word); !filepath.IsAbs(word) || err != nil || !info.Mode().IsRegular() {
				continue
			}
		}
		files = append(files, word)
	}
	return files
}

// Missing tells of a program that is not there or cannot be run.
func (d Declaration) Missing() error {
	for at, name := range append(slices.Clone(d.Command[:1]), d.Runs...) {
		if _, err := exec.LookPath(name); err != nil || !filepath.IsAbs(name) {
			field := "command"
			if at > 0 {
				field = fmt.Sprintf("runs.%d", at-1)
			}
			return diag.InvalidHint(field, "install it, or name a file beside the configuration that may be executed (chmod +x)", "there is no program %s", name)
		}
	}
	return nil
}

// Specs are the operators declared, by their names.
func Specs(declared map[string]Declaration) (specs []ops.Spec) {
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		specs = append(specs, declared[name].Spec(name))
	}
	return specs
}

// Group is the heading of declared operators in listings.
const Group = "Programs of the configuration"

// Spec describes the operator. All operators that are built by it share its
// processes.
func (d Declaration) Spec(name string) ops.Spec {
	grid := ops.KeepsGrid
	if d.Resizes {
		grid = ops.MovesGrid
	}
	summary := d.Help
	if summary == "" {
		summary = "runs " + filepath.Base(d.Command[0])
	}
	p := &pool{name: name, declaration: d}
	return ops.Spec{
		Name: name, Summary: summary, Example: d.example(name), Group: Group, Version: max(1, d.Version),
		Grid: grid, Sequential: true,
		Config: func() ops.Config { return &stepConfig{pool: p} },
	}
}

// example is a step with every parameter that has no default, and one that has.
func (d Declaration) example(name string) string {
	var given []string
	for _, key := range slices.Sorted(maps.Keys(d.Parameters)) {
		p := d.Parameters[key]
		switch {
		case p.given():
			given = append(given, key+": "+p.Default.Value)
		case len(p.Values) > 0:
			given = append(given, key+": "+p.Values[0])
		case p.Type == wire.Boolean:
			given = append(given, key+": true")
		case p.Type == wire.String:
			given = append(given, key+": text")
		case p.Min != nil:
			given = append(given, fmt.Sprintf("%s: %g", key, *p.Min))
		default:
			given = append(given, key+": 1")
		}
	}
	if len(given) == 0 {
		return name
	}
	return name + ": {" + strings.Join(given, ", ") + "}"
}
