package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

const (
	// Suffix is what the name of a manifest has behind that of the model's file.
	Suffix = ".yaml"
	// Property is the metadata property of an ONNX file that may hold a manifest.
	Property = "burnish.manifest"

	version = 1
)

// Manifest is a file beside a model, or a property in it.
type Manifest struct {
	Version int    `yaml:"version" help:"1"`
	Name    string `yaml:"name" help:"of the model, for logs and results"`
	Licence string `yaml:"licence" help:"of the weights"`
	Source  string `yaml:"source" help:"where the file is from"`
	SHA256  string `yaml:"sha256" help:"digest of the model's file: another is refused"`
	Keys    `yaml:",inline"`
}

var digest = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// Validate reports what the tags cannot say.
func (m Manifest) Validate() error {
	var errs []error
	if m.Version != version {
		errs = append(errs, diag.Invalid("version", "must be %d, got %d: write version: %d, or update Burnish", version, m.Version, version))
	}
	if m.SHA256 != "" && !digest.MatchString(m.SHA256) {
		errs = append(errs, diag.Invalid("sha256", "must be 64 hexadecimal digits, got %.80q", m.SHA256))
	}
	return errors.Join(append(errs, m.Keys.Validate())...)
}

// Validate reports keys that do not go together.
func (k Keys) Validate() error {
	var errs []error
	if k.Channels == "y" && (k.Mean != nil || k.Std != nil) {
		errs = append(errs, diag.Invalid("channels", "y has one channel, and mean and std are of three: put them into range"))
	}
	if k.Size != nil && k.Multiple > 1 {
		errs = append(errs, diag.Invalid("multiple", "the network has one size only, and size says it"))
	}
	return errors.Join(errs...)
}

// Beside reads the manifest of a model's file; ok is false where there is none.
func Beside(model string) (m Manifest, ok bool, err error) {
	path := model + Suffix
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	text, err := diag.ReadFile(path)
	if err != nil {
		return m, false, fmt.Errorf("read manifest: %w", err)
	}
	m, err = Parse(path, text)
	return m, true, err
}

// Parse reads a manifest; name is that of its file, for messages.
func Parse(name string, text []byte) (m Manifest, err error) {
	node, err := diag.Parse(name, text)
	if err != nil {
		return m, err
	}
	faults := diag.Decode(node, &m)
	if len(faults) == 0 {
		faults = diag.Validate(node, &m)
	}
	return m, faults.In(name).Err()
}

// Text is the manifest as a file.
func (m Manifest) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: %d\n", version)
	write := func(key, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, text)
		}
	}
	for _, s := range [][2]string{{"name", m.Name}, {"licence", m.Licence}, {"source", m.Source}, {"sha256", m.SHA256}, {"input", m.Input}, {"output", m.Output}} {
		write(s[0], scalar(s[1]))
	}
	said := m.Said()
	for _, key := range []string{"layout", "channels", "range", "mean", "std", "output_range", "scale", "multiple", "size", "tile", "halo"} {
		write(key, said[key])
	}
	if len(m.Values) > 0 {
		b.WriteString("values:\n")
		for _, name := range m.Values.Names() {
			fmt.Fprintf(&b, "  %s: %s\n", scalar(name), scalar(m.Values[name]))
		}
	}
	return b.String()
}

// scalar is a text as YAML has it, quoted where it must be.
func scalar(text string) string {
	if text == "" {
		return ""
	}
	out, err := yaml.Marshal(text)
	if err != nil {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSpace(string(out))
}
