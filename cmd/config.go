package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/config/mask"
	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// configEnv names the configuration where no flag does.
const configEnv = "BURNISH_CONFIG"

// places are where a configuration is looked for when neither a flag nor the
// environment names one.
func places() []string {
	all := []string{"burnish.yaml"}
	if dir, err := os.UserConfigDir(); err == nil {
		all = append(all, filepath.Join(dir, "burnish", "burnish.yaml"))
	}
	return append(all, "/etc/burnish/burnish.yaml")
}

// placesText is the rule by which a configuration is found, for help texts.
func placesText() string {
	return "$" + configEnv + ", ./burnish.yaml, ~/.config/burnish/burnish.yaml, /etc/burnish/burnish.yaml"
}

// errNoConfig says that there is no configuration in any of the places.
var errNoConfig = errors.New("no configuration found")

// find returns file, else what the environment names, else the first of the
// places that exists. Its error is errNoConfig where there is none.
func find(file string) (string, error) {
	if file = cmp.Or(file, os.Getenv(configEnv)); file != "" {
		return file, nil
	}
	for _, place := range places() {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("%w: name one with -c FILE or %s, or write one with burnish init; none of %s exists", errNoConfig, configEnv, strings.Join(places(), ", "))
}

// loadFound reads the configuration that file names or find finds, or the
// built-in one where there is none. where names it in messages.
func (h *host) loadFound(file string) (c *config.Config, where string, err error) {
	found, err := find(file)
	switch {
	case errors.Is(err, errNoConfig):
		where = "the built-in configuration"
	case err != nil:
		return nil, "", err
	default:
		where = found
	}
	if h.verbose {
		fmt.Fprintln(h.err, "configuration:", where)
	}
	c, err = h.load(found)
	return c, where, err
}

// load reads the configuration in file, or the built-in one where file is "",
// and prints its warnings. The watched folders need not be there.
func (h *host) load(file string) (*config.Config, error) {
	return h.read(file, diag.Diagnostics.Portable)
}

func (h *host) read(file string, counting func(diag.Diagnostics) diag.Diagnostics) (*config.Config, error) {
	if file == "" {
		return config.Default(h.registry)
	}
	c, _, err := h.readText(file, counting)
	return c, err
}

// readText reads a file and gives its text as well. Warnings are printed; of the
// faults those that counting leaves are an error.
func (h *host) readText(file string, counting func(diag.Diagnostics) diag.Diagnostics) (c *config.Config, text []byte, err error) {
	text, err = h.readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the configuration %s does not exist; correct %s", file, namedBy(file))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the configuration: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, nil, err
	}
	c, faults := config.Parse(file, folder, text, h.registry)
	errs, warnings := counting(withoutSecrets(faults, text)).Split()
	for _, w := range warnings {
		printDiagnostic(h.err, w)
	}
	if len(errs) > 0 {
		return nil, nil, fmt.Errorf("the configuration has faults:\n%w", errs)
	}
	return c, text, nil
}

// withoutSecrets are faults of a text that quote none of its secrets: logs and
// the daemon's status keep them.
func withoutSecrets(faults diag.Diagnostics, text []byte) diag.Diagnostics {
	secrets := mask.Secrets(string(text))
	faults = slices.Clone(faults)
	for i, f := range faults {
		faults[i].Message, faults[i].Hint = mask.Words(f.Message, secrets), mask.Words(f.Hint, secrets)
	}
	return faults
}

// readFile is diag.ReadFile until the context ends: a pipe may stay silent. Then
// a read is left behind that ends with the process.
func (h *host) readFile(file string) (text []byte, err error) {
	read := make(chan struct{})
	var data []byte
	var failed error
	go func() {
		defer close(read)
		data, failed = diag.ReadFile(file)
	}()
	select {
	case <-read:
		return data, failed
	case <-h.Done():
		return nil, h.Err()
	}
}

// composed is the configuration that a command puts together instead of reading
// it from a file.
func (h *host) composed(command string, document map[string]any) (*config.Config, error) {
	text, err := yaml.Marshal(document)
	if err != nil {
		return nil, err
	}
	c, faults := config.Parse("burnish "+command, ".", text, h.registry)
	if errs, _ := faults.Split(); len(errs) > 0 {
		return nil, errors.New(errs[0].Message) // its place means nothing to the user
	}
	return c, nil
}

// namedBy is what has named the file: the environment or a flag.
func namedBy(file string) string {
	if file == os.Getenv(configEnv) {
		return configEnv + " or -c"
	}
	return "-c"
}

type checkCommand struct {
	File   string `arg:"" optional:"" help:"Configuration file, as with -c."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file; default: the first of ${places}."`

	Service string `placeholder:"UNIT" help:"Check as this systemd service, given by name or unit file; default: burnish, if it is installed and runs this configuration."`
}

// Help is shown by burnish check --help.
func (checkCommand) Help() string {
	return `Prints faults and warnings as file:line:column: message. Exits with 1 if there is a fault. If a systemd service runs the configuration, check uses the service's view of the file system and, as root, the rights of its user. It prints the commands that give missing rights.

Example: burnish check burnish.yaml`
}

// Run checks a configuration.
func (c *checkCommand) Run(h *host) error {
	if c.File != "" && c.Config != "" {
		return fmt.Errorf("check takes one configuration: give %s or -c %s", c.File, c.Config)
	}
	file, err := find(cmp.Or(c.File, c.Config))
	if err != nil {
		return err
	}
	parsed, faults, err := config.Load(file, h.registry)
	if err != nil {
		return err
	}
	u, err := findService(c.Service, file)
	if err != nil {
		return err
	}
	var s *service
	if u != nil && parsed != nil {
		s = judgeService(u, parsed)
		faults = slices.Concat(faults, s.faults).In(file)
	}
	errs, warnings := faults.Split()
	for _, f := range faults {
		printDiagnostic(h.out, f)
	}
	if s != nil {
		s.print(h.out)
	}
	if len(errs) > 0 {
		return errFailures
	}
	fmt.Fprintf(h.out, "%s: OK: %s, %s, %s\n", diag.Printable(file), counted(len(parsed.Pipelines), "pipelines"), counted(len(parsed.Watch), "watched folders"), counted(len(warnings), "warnings"))
	return nil
}
