package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/ops/process"
)

// Own is this program in a process of its own, confined as an operator's is, for
// what opens files that nobody has vouched for. Its memory is not bounded: it is
// the first to go where the machine's runs out.
type Own struct {
	Arguments []string
	Read      []string // files and folders that it may read beside the system's
	Keep      []string // variables of this process that it gets
	Free      bool     // it has this process's rights
}

// mostOutput bounds what such a process may say.
const mostOutput = 16 << 20

// Run is what the process writes to standard output. It may end with any status;
// a process that was ended is an error.
func (o Own) Run(ctx context.Context, log *slog.Logger) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	order := order{
		Command: append([]string{self}, o.Arguments...), Name: os.Args[0], Unbounded: true,
		Confined: !o.Free, Run: []string{self}, Read: sandbox.WithLinks(o.Read...),
		Environment: []string{"PATH=" + process.SearchPath, "LANG=C.UTF-8", "HOME=/nonexistent", "TMPDIR=/nonexistent"},
	}
	for _, name := range o.Keep {
		if value, ok := os.LookupEnv(name); ok {
			order.Environment = append(order.Environment, name+"="+value)
		}
	}
	if _, err := sandbox.Version(); err == nil {
		order.Landlock = order.Confined
	}
	c, err := launch(strings.Join(o.Arguments[:1], ""), process.Declaration{}, order, log)
	if err != nil {
		return nil, fmt.Errorf("start a confined process: %w", err)
	}
	c.in.Close()
	stop := context.AfterFunc(ctx, func() { c.kill("it was ended") })
	defer stop()
	text, err := io.ReadAll(io.LimitReader(c.out, mostOutput+1))
	cause := c.End()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case len(text) > mostOutput:
		return nil, fmt.Errorf("it wrote more than %d bytes", mostOutput)
	case len(text) == 0:
		return nil, errors.New(cause)
	}
	return text, nil
}
