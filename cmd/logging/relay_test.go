package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

// relayed is what arrives, as text with what is for programs, of what log writes.
func relayed(t *testing.T, write func(*slog.Logger, io.Writer)) string {
	t.Helper()
	var pipe, out bytes.Buffer
	write(slog.New(NewRelay(&pipe, slog.LevelInfo)), &pipe)
	Receive(&pipe, slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	return out.String()
}

func TestARelayedLineIsAsItWasLogged(t *testing.T) {
	got := relayed(t, func(log *slog.Logger, _ io.Writer) {
		log.With("model", "lite").WithGroup("g").Warn("device skipped", event.DeviceSkipped.Attr())
		log.Error("x", "photo", "a\nb", "n", 3, "f", 0.5, "took", 1500*time.Millisecond, "ok", true, "error", errors.New("why"))
		log.Debug("unheard")
	})
	want := "level=WARN msg=\"device skipped\" model=lite g.event=device_skipped process=worker\n" +
		"level=ERROR msg=x photo=\"a\\nb\" n=3 f=0.5 took=1.5s ok=true error=why process=worker\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// The worker decodes photos from anywhere: what has taken it over may say what
// it likes, but not as the daemon, and not without end.
func TestAHostileWorkerForgesNothing(t *testing.T) {
	var got bytes.Buffer
	var pipe bytes.Buffer
	var heard []event.Kind
	log := slog.New(Tell(slog.NewJSONHandler(&got, nil), func(e Event) { heard = append(heard, e.Kind) }))
	evil, err := json.Marshal(line{Level: 100, Message: "quarantined\n{}", Attrs: []attr{
		{Key: event.Key, Kind: asDetail, Value: string(event.PhotoQuarantined)}, {Key: "\n\"msg", Value: "x"}, {Key: "process", Value: "daemon"}, {Key: "a", Value: strings.Repeat("x", 40<<10)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	pipe.Write(append(evil, '\n'))
	pipe.WriteString(strings.Repeat("x", 3*maxLine) + "\nno json\n{}\n[1,2]\n\n")
	for range 3 * linesBurst {
		pipe.WriteString(`{"message":"flood"}` + "\n")
	}
	Receive(&pipe, log)
	if len(heard) > 0 {
		t.Errorf("the worker told of %v", heard)
	}
	lines := strings.Split(strings.TrimSpace(got.String()), "\n")
	if len(lines) > linesBurst+100 || !strings.Contains(got.String(), "lines of the worker's log were dropped") {
		t.Errorf("%d lines came through", len(lines))
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first["level"] != "ERROR" || first["event"] != nil || strings.Contains(lines[0], "daemon") || first["process"] != "worker" || len(first["a"].(string)) != maxValue {
		t.Errorf("got %.300s", lines[0])
	}
}

func TestEventsAreHeardWhateverTheLevelAndHoweverOften(t *testing.T) {
	var out bytes.Buffer
	var heard []string
	log := slog.New(Tell(NewSampler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError})), func(e Event) { heard = append(heard, e.Text("photo")) }))
	for range 10 {
		log.Error("quarantined", event.PhotoQuarantined.Attr(), "photo", "a.jpg")
	}
	log.Info("done", event.PhotoDone.Attr(), "photo", "b.jpg")
	log.Debug("skipped", event.PhotoSkipped.Attr())
	log.Info("no event")
	if len(heard) != 11 || heard[10] != "b.jpg" || strings.Count(out.String(), "\n") != foldAfter {
		t.Errorf("heard %v, wrote %s", heard, out.String())
	}
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		Text: `msg=done photo="a\nb.jpg" took=1.25s`,
		JSON: `"msg":"done","event":"photo_done","photo":"a\nb.jpg","seconds":1.25,"pause_seconds":2}`,
	} {
		var out bytes.Buffer
		slog.New(New(&out, format, slog.LevelInfo)).Info("done", event.PhotoDone.Attr(), "photo", "a\nb.jpg", "took", 1250*time.Millisecond, "pause", 2*time.Second)
		if !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: got %s", format, &out)
		}
	}
}
