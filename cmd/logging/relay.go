package logging

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

// line is a record on its way from one process to another.
type line struct {
	Level   slog.Level `json:"level"`
	Message string     `json:"message"`
	Attrs   []attr     `json:"attrs,omitempty"`
}

// attr is an attribute with what it is: one of the kinds below.
type attr struct {
	Key   string `json:"key"`
	Kind  string `json:"kind,omitempty"` // "": text
	Value string `json:"value"`
}

// What an attribute's value is.
const (
	asInt      = "int"
	asFloat    = "float"
	asBool     = "bool"
	asDuration = "duration"
	asDetail   = "detail" // for programs alone
)

// relay is a handler that sends lines to another process.
type relay struct {
	out    io.Writer
	mu     *sync.Mutex
	level  slog.Level
	attrs  []attr
	prefix string
}

// NewRelay is a handler whose lines [Receive] takes at the other end of out.
func NewRelay(out io.Writer, level slog.Level) slog.Handler {
	return &relay{out: out, mu: &sync.Mutex{}, level: level}
}

// Enabled reports whether lines of that level are sent.
func (h *relay) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle sends a line.
func (h *relay) Handle(_ context.Context, r slog.Record) error {
	l := line{Level: r.Level, Message: r.Message, Attrs: slices.Clone(h.attrs)}
	r.Attrs(func(a slog.Attr) bool {
		l.Attrs = appendAttr(l.Attrs, h.prefix, a)
		return true
	})
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err = h.out.Write(append(data, '\n'))
	return err
}

func appendAttr(all []attr, prefix string, a slog.Attr) []attr {
	v := a.Value.Resolve()
	one := attr{Key: prefix + a.Key, Value: v.String()}
	switch v.Kind() {
	case slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, within := range v.Group() {
			all = appendAttr(all, prefix, within)
		}
		return all
	case slog.KindInt64, slog.KindUint64:
		one.Kind = asInt
	case slog.KindFloat64:
		one.Kind = asFloat
	case slog.KindBool:
		one.Kind = asBool
	case slog.KindDuration:
		one.Kind = asDuration
	case slog.KindAny:
		if forPrograms(a) {
			one.Kind = asDetail
		}
	}
	return append(all, one)
}

// WithAttrs adds attributes to every line.
func (h *relay) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		with.attrs = appendAttr(with.attrs, h.prefix, a)
	}
	return &with
}

// WithGroup puts a name before the names of further attributes.
func (h *relay) WithGroup(name string) slog.Handler {
	with := *h
	with.prefix += name + "."
	return &with
}

// value is the attribute as it was logged, or its text.
func (a attr) value() slog.Value {
	switch a.Kind {
	case asInt:
		if n, err := strconv.ParseInt(a.Value, 10, 64); err == nil {
			return slog.Int64Value(n)
		}
	case asFloat:
		if f, err := strconv.ParseFloat(a.Value, 64); err == nil {
			return slog.Float64Value(f)
		}
	case asBool:
		if b, err := strconv.ParseBool(a.Value); err == nil {
			return slog.BoolValue(b)
		}
	case asDuration:
		if d, err := time.ParseDuration(a.Value); err == nil {
			return slog.DurationValue(d)
		}
	case asDetail:
		if kind := event.Kind(a.Value); a.Key == event.Key && kind.OfWorker() {
			return slog.AnyValue(kind)
		}
		return slog.AnyValue(event.Detail(a.Value))
	}
	return slog.StringValue(a.Value)
}
