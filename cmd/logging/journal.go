package logging

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/event"
	sd "github.com/coreos/go-systemd/v22/journal"
)

// journal writes a log for systemd's journal, with fields by its own protocol.
// Where that cannot be reached, it writes lines to standard error that begin
// with their priority (sd-daemon(3)), which the journal takes as well.
type journal struct {
	lines slog.Handler // formats attributes for people, to line
	line  *bytes.Buffer
	mu    *sync.Mutex // held while line is in use
	out   io.Writer
	send  func(message string, p sd.Priority, fields map[string]string) error

	attrs  []slog.Attr // of WithAttrs, their groups resolved
	groups []string
}

func newJournal(out io.Writer, level slog.Level) slog.Handler {
	line := &bytes.Buffer{}
	attrs := func(groups []string, a slog.Attr) slog.Attr {
		own := a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey
		if len(groups) == 0 && own {
			return slog.Attr{}
		}
		return people(groups, a)
	}
	return &journal{
		lines: slog.NewTextHandler(line, &slog.HandlerOptions{Level: level, ReplaceAttr: attrs}),
		line:  line, mu: &sync.Mutex{}, out: out, send: sd.Send,
	}
}

// inJournal reports whether w is the stream that systemd has connected to its
// journal; the variable survives where it leads elsewhere since.
func inJournal(w io.Writer) bool { return isStream(w, os.Getenv("JOURNAL_STREAM")) }

func isStream(w io.Writer, stream string) bool {
	f, ok := w.(*os.File)
	if !ok || stream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}

// priority is syslog's.
func priority(l slog.Level) sd.Priority {
	switch {
	case l >= slog.LevelError:
		return sd.PriErr
	case l >= slog.LevelWarn:
		return sd.PriWarning
	case l >= slog.LevelInfo:
		return sd.PriInfo
	}
	return sd.PriDebug
}

// Enabled reports whether lines of that level are written.
func (j *journal) Enabled(ctx context.Context, l slog.Level) bool { return j.lines.Enabled(ctx, l) }

// Handle writes a line.
func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	message, err := j.message(ctx, r)
	if err != nil {
		return err
	}
	if j.send(message, priority(r.Level), j.fields(r)) == nil {
		return nil
	}
	_, err = fmt.Fprintf(j.out, "<%d>%s\n", priority(r.Level), message)
	return err
}

// message is the line as people read it.
func (j *journal) message(ctx context.Context, r slog.Record) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.line.Reset()
	if err := j.lines.Handle(ctx, r); err != nil {
		return "", err
	}
	return strings.TrimSpace(diag.Printable(r.Message) + " " + strings.TrimSuffix(j.line.String(), "\n")), nil
}

// named are the fields that attributes have of their own; others are those of
// an attribute's name after BURNISH_. An attribute may come from a photo.
var named = []string{"photo", "pipeline", "folder", "result", "device", "seconds", "kind", "error", "hint", "reason", "dump", "event"}

// fields are the line's, each name once: the first attribute has it.
func (j *journal) fields(r slog.Record) map[string]string {
	fields := map[string]string{"SYSLOG_IDENTIFIER": "burnish"}
	add := func(prefix string, a slog.Attr) { addField(fields, prefix, a) }
	for _, a := range j.attrs {
		add("", a)
	}
	r.Attrs(func(a slog.Attr) bool {
		add(strings.Join(append(slices.Clone(j.groups), ""), "_"), a)
		return true
	})
	if id := event.Is(r).ID(); id != "" {
		fields["MESSAGE_ID"] = id
	}
	return fields
}

func addField(fields map[string]string, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "_"
		}
		for _, within := range v.Group() {
			addField(fields, prefix, within)
		}
		return
	case slog.KindDuration:
		a = slog.String(inSeconds(a.Key), seconds(v.Duration()))
		v = a.Value
	}
	name := fieldName(prefix + a.Key)
	if _, taken := fields[name]; name != "" && !taken && len(fields) < maxFields {
		fields[name] = v.String()
	}
}

const (
	maxFields    = 128
	maxFieldName = 64 // the journal's limit
)

var notOfField = regexp.MustCompile(`[^A-Z0-9]+`)

// fieldName is the journal's name of an attribute; "" where it has none.
func fieldName(key string) string {
	name := strings.Trim(notOfField.ReplaceAllString(strings.ToUpper(key), "_"), "_")
	switch {
	case name == "":
		return ""
	case slices.Contains(named, key):
		return name
	}
	return strings.TrimRight(("BURNISH_" + name)[:min(maxFieldName, len("BURNISH_"+name))], "_")
}

// WithAttrs adds attributes to every line.
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *j
	with.lines = j.lines.WithAttrs(attrs)
	group := slices.Clone(attrs)
	for _, name := range slices.Backward(j.groups) {
		group = []slog.Attr{{Key: name, Value: slog.GroupValue(group...)}}
	}
	with.attrs = append(slices.Clone(j.attrs), group...)
	return &with
}

// WithGroup puts a name before the names of further attributes.
func (j *journal) WithGroup(name string) slog.Handler {
	with := *j
	with.lines = j.lines.WithGroup(name)
	with.groups = append(slices.Clone(j.groups), name)
	return &with
}
