package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
)

// Faces are the protocols by which photos are sent in. Each is off unless it is
// configured.
type Faces struct {
	Queue    int           `yaml:"queue" range:"1,10000" help:"requests that are processed or wait at a time; further ones are answered 429"`
	Priority int           `yaml:"priority" range:"1,1000" help:"requests that begin for each photo of a watched folder while both wait"`
	Space    diag.Size     `yaml:"space" range:"10MB," help:"disk space for photos of requests and their outputs while they are processed"`
	Timeout  time.Duration `yaml:"timeout" range:"1s,24h" help:"time that a photo may take once it has arrived, waiting included"`
	Process  FaceProcess   `yaml:"process" help:"POST /v1/process: the photo is sent, and its output is the answer"`
	Jobs     FaceJobs      `yaml:"jobs" help:"/v1/jobs: photos are sent, and their outputs fetched later"`
	Immich   FaceImmich    `yaml:"immich" help:"/v1/immich: takes an Immich workflow's webhook, and stacks restored photos upon damaged ones"`
	KServe   FaceKServe    `yaml:"kserve" help:"/v2/: pipelines as models of the KServe inference protocol, version 2"`

	Imaginary FaceImaginary `yaml:"imaginary" help:"/imaginary/: requests to h2non/imaginary, such as those of Nextcloud for previews"`
}

// FaceImaginary are the requests below /imaginary/.
type FaceImaginary struct {
	Enabled      bool                 `yaml:"enabled" help:"true: requests are answered"`
	AllowFormats []string             `yaml:"allow_formats" help:"further formats to read, such as svg, pdf and bmp, whose decoders are not safe for files of unknown origin"`
	Restore      FaceImaginaryRestore `yaml:"restore" help:"photos that are restored although the request does not ask for it"`
}

// FaceImaginaryRestore says which photos are restored unasked.
type FaceImaginaryRestore struct {
	Below      int     `yaml:"below" range:"0,100" help:"JPEG quality below which a photo is restored, after it was shrunk, if it was shrunk little; 0: none"`
	Model      string  `yaml:"model" help:"a bundled model, or a name in restore.models"`
	Megapixels float64 `yaml:"megapixels" range:"0.01,100" help:"size of the answer above which nothing is restored"`
}

// FaceImmich is the server whose webhook is taken.
type FaceImmich struct {
	URL      string `yaml:"url" help:"address of Immich, such as http://immich-server:2283; none: the webhook is off"`
	KeyFile  string `yaml:"key_file" kind:"path" help:"file that holds the key for Immich's API"`
	KeyEnv   string `yaml:"key_env" help:"environment variable that holds it instead"`
	Pipeline string `yaml:"pipeline" help:"pipeline that photos go through; its first output is uploaded"`
	Tag      string `yaml:"tag" help:"tag of restored photos in Immich"`
	Queue    int    `yaml:"queue" range:"1,1000000" help:"photos that wait; webhooks of further ones are answered 429"`
}

// FaceKServe is the inference protocol.
type FaceKServe struct {
	Pipelines []string `yaml:"pipelines" help:"pipelines that are offered as models; none: the protocol is off"`
}

// FaceProcess is POST /v1/process.
type FaceProcess struct {
	Pipelines []string `yaml:"pipelines" help:"pipelines that may be asked for; none: the request is off"`
}

// FaceJobs are the requests below /v1/jobs.
type FaceJobs struct {
	Pipelines  []string      `yaml:"pipelines" help:"pipelines that may be asked for; none: jobs are off"`
	Retain     time.Duration `yaml:"retain" range:"1m," help:"how long a finished job and its outputs are kept"`
	Space      diag.Size     `yaml:"space" range:"10MB," help:"disk space for photos and outputs of all jobs; a token may hold twice as much as is left free"`
	Queue      int           `yaml:"queue" range:"1,100000" help:"jobs that wait; further ones are answered 429; a token may hold twice as many places as are left free"`
	Folders    bool          `yaml:"folders" help:"true: a job may name a photo in a watched folder by its path"`
	SecretFile string        `yaml:"secret_file" kind:"path" help:"file that holds the secret whsec_..., which webhooks are signed with; without it there are none"`
	AllowHosts []string      `yaml:"allow_hosts" help:"hosts and networks that webhooks may reach although they are private or this machine"`
}

func defaultFaces() Faces {
	return Faces{
		Queue: 32, Priority: 4, Space: 4_000_000_000, Timeout: 10 * time.Minute,
		Jobs:      FaceJobs{Retain: 24 * time.Hour, Space: 10_000_000_000, Queue: 1000},
		Imaginary: FaceImaginary{Restore: FaceImaginaryRestore{Model: "lite", Megapixels: 2}},
		Immich:    FaceImmich{Tag: "Burnish/restored", Queue: 100_000},
	}
}

// On reports whether any face is configured.
func (f Faces) On() bool {
	return len(f.Process.Pipelines)+len(f.Jobs.Pipelines)+len(f.KServe.Pipelines) > 0 || f.Immich.URL != "" || f.Imaginary.Enabled
}

// Validate judges the names of a model and of formats.
func (f FaceImaginary) Validate() error {
	var errs []error
	if !modelName.MatchString(f.Restore.Model) {
		errs = append(errs, diag.Invalid("restore.model", "must be the name of a model, such as lite, got %q", f.Restore.Model))
	}
	known := ops.UntrustedFormats()
	for i, format := range f.AllowFormats {
		if !slices.Contains(known, format) {
			errs = append(errs, diag.Invalid(fmt.Sprintf("allow_formats.%d", i), "must be one of %s, got %q", strings.Join(known, ", "), format))
		}
	}
	return errors.Join(errs...)
}

// modelName is the name of a model, which is not the path of a file.
var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Validate judges the hosts.
func (f Faces) Validate() error {
	var errs []error
	for i, host := range f.Jobs.AllowHosts {
		if _, err := parseNetwork(host); err != nil && !hostName.MatchString(host) {
			errs = append(errs, diag.InvalidHint(fmt.Sprintf("jobs.allow_hosts.%d", i), "leave out scheme, port and path", "must be a host name, an address, or a network such as 192.168.1.0/24, got %q", host))
		}
	}
	errs = append(errs, f.Immich.validate())
	return errors.Join(errs...)
}

func (f FaceImmich) validate() error {
	if f.URL == "" {
		return nil
	}
	var errs []error
	u, err := url.Parse(f.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, diag.InvalidHint("immich.url", "a key belongs into key_file", "must be an address such as http://immich-server:2283, without user and query"))
	}
	if f.KeyEnv != "" && !variableName.MatchString(f.KeyEnv) {
		errs = append(errs, diag.InvalidHint("immich.key_env", "write the variable's name, not the key", "must be the name of an environment variable"))
	}
	if (f.KeyFile == "") == (f.KeyEnv == "") {
		errs = append(errs, diag.InvalidHint("immich", "Immich makes a key under Account Settings, API Keys", "needs one of key_file and key_env"))
	}
	if f.Pipeline == "" {
		errs = append(errs, diag.Invalid("immich.pipeline", "must be the name of a pipeline"))
	}
	if strings.Trim(f.Tag, "/ ") == "" || len(f.Tag) > 200 {
		errs = append(errs, diag.Invalid("immich.tag", "must have 1 to 200 characters, such as Burnish/restored, got %q", f.Tag))
	}
	return errors.Join(errs...)
}

// validateFaces judges the names of pipelines.
func (c *Config) validateFaces() error {
	var errs []error
	if name := c.Faces.Immich.Pipeline; name != "" {
		switch p, ok := c.Pipelines[name]; {
		case !ok:
			errs = append(errs, diag.Invalid("faces.immich.pipeline", "there is no pipeline %q%s", name, diag.Suggest(name, slices.Sorted(maps.Keys(c.Pipelines)))))
		case len(p.Outputs) > 0 && p.Outputs[0].Tiles():
			errs = append(errs, diag.Invalid("faces.immich.pipeline", "the first output of %s is a folder, which cannot be uploaded", name))
		}
	}
	for key, names := range map[string][]string{"process": c.Faces.Process.Pipelines, "jobs": c.Faces.Jobs.Pipelines, "kserve": c.Faces.KServe.Pipelines} {
		for i, name := range names {
			if _, ok := c.Pipelines[name]; !ok {
				errs = append(errs, diag.Invalid(fmt.Sprintf("faces.%s.pipelines.%d", key, i), "there is no pipeline %q%s", name, diag.Suggest(name, slices.Sorted(maps.Keys(c.Pipelines)))))
			}
		}
	}
	return errors.Join(errs...)
}

// checkFaces warns of a key that cannot be read, or that everybody may read, as
// this machine has it.
func (c *Config) checkFaces() diag.Diagnostics {
	file := c.Faces.Immich.KeyFile
	if file == "" {
		return nil
	}
	at := diag.Find(c.root, "faces", "immich", "key_file")
	f := diag.Diagnostic{}
	switch info, err := os.Stat(file); {
	case err != nil:
		f = diag.Warn(at, "the key cannot be read: %v", err).WithHint("create it or correct the path")
	case info.Mode().Perm()&0o007 != 0:
		f = diag.Warn(at, "everybody may read the key in %s", file).WithHint("%s", "chmod o= "+diag.ShellWord(file))
	default:
		return nil
	}
	f.HostOnly = true
	return diag.Diagnostics{f}
}
