// Package cmd is the burnish command: one file a subcommand. It is a host of
// package plugin like any other, and reports to people what happens there.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/burnish-photo/burnish/cmd/api"
	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/cmd/worker"
	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // some photos failed, or check found faults
	exitUnable = 2 // the command could not do its work

	exitInterrupted = 130 // by a signal, with work left to do
)

// commands are the subcommands as kong reads them.
type commands struct {
	Init      initCommand      `cmd:"" help:"Write a commented burnish.yaml for a folder of photos."`
	Run       runCommand       `cmd:"" help:"Watch folders and process new photos."`
	Apply     applyCommand     `cmd:"" help:"Process photos and folders once, through a pipeline."`
	Restore   restoreCommand   `cmd:"" help:"Restore photos, without a pipeline."`
	Status    statusCommand    `cmd:"" help:"Show the status of the daemon and its watched folders."`
	Health    healthCommand    `cmd:"" help:"Ask the daemon whether it processes photos as configured."`
	Failed    failedCommand    `cmd:"" help:"List failed photos of watched folders with the reasons."`
	Retry     retryCommand     `cmd:"" help:"Retry failed photos."`
	Reprocess reprocessCommand `cmd:"" help:"Reprocess photos that are done."`
	Keep      keepCommand      `cmd:"" help:"Leave photos as they are whose pipeline changed since."`
	Review    reviewCommand    `cmd:"" help:"List, approve or reject results that wait for review."`
	Canary    canaryCommand    `cmd:"" help:"Show or decide on a changed pipeline that is tried on a sample."`
	Undo      undoCommand      `cmd:"" help:"Put originals back and take outputs away."`
	Models    modelsCommand    `cmd:"" help:"List models, and verify those of the configuration."`
	Cache     cacheCommand     `cmd:"" help:"Show, prune or verify what networks computed and the cache keeps."`
	Pause     pauseCommand     `cmd:"" help:"Pause processing."`
	Resume    resumeCommand    `cmd:"" help:"Resume processing."`
	Reload    reloadCommand    `cmd:"" help:"Reload the configuration of the daemon."`
	Token     tokenCommand     `cmd:"" help:"Create, list and revoke tokens for the page and the HTTP API."`
	Cluster   clusterCommand   `cmd:"" help:"Show other machines that process photos."`
	Work      workCommand      `cmd:"" help:"Process photos of daemons on other machines."`
	Notify    notifyCommand    `cmd:"" help:"Try the notifications of a configuration."`
	Plan      planCommand      `cmd:"" help:"Show what would be done to photos, without doing it."`
	Ops       opsCommand       `cmd:"" help:"List operators, or describe one."`
	Check     checkCommand     `cmd:"" help:"Report every fault of a configuration."`
	Graph     graphCommand     `cmd:"" help:"Draw a pipeline."`
	Schema    schemaCommand    `cmd:"" help:"Print the JSON Schema of configuration files."`
	Test      testCommand      `cmd:"" help:"Run golden tests of pipelines."`
	Compare   compareCommand   `cmd:"" help:"Print the PSNR of images against a reference."`
	Verify    verifyCommand    `cmd:"" help:"Compare originals and outputs with the ledger, or restored images with their JPEG."`
	Explain   explainCommand   `cmd:"" help:"Print the provenance of a file: source, pipeline, model, device."`
	Bench     benchCommand     `cmd:"" help:"Measure the speed and memory of restoration on this machine."`
	Doctor    doctorCommand    `cmd:"" help:"Examine the installation, the configuration and the daemon."`
	Version   versionCommand   `cmd:"" help:"Print the versions of Burnish and its libraries."`

	Completion completionCommand `cmd:"" help:"Print the completion script for bash, zsh or fish."`
	Help       helpCommand       `cmd:"" help:"Show the help of a command."`

	Complete completeCommand `cmd:"" hidden:"" help:"Completions of a command line."`
	Manual   manualCommand   `cmd:"" hidden:"" help:"Manual page of a command, as Markdown."`

	Verbose     bool             `short:"v" help:"Log more."`
	LogFormat   string           `enum:"auto,text,json,journal" default:"auto" help:"Format of the log: ${enum}; auto: fields for systemd's journal where standard error is connected to it, else text."`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version of Burnish."`
}

// helpCommand stands in the list of commands; Main turns it into --help.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"Command to show the help of; default: an overview."`
}

// host is what a subcommand runs with.
type host struct {
	context.Context
	hangups  *hangups
	registry *ops.Registry
	scratch  *scratch
	out, err io.Writer
	verbose  bool
	format   string   // of the log
	relay    *os.File // that the log goes to in a worker process, else nil
}

// logger is the command's log, on standard error.
func (h *host) logger() *slog.Logger {
	level := slog.LevelInfo
	if h.verbose {
		level = slog.LevelDebug
	}
	if h.relay != nil {
		return slog.New(logging.NewRelay(h.relay, level))
	}
	return slog.New(logging.New(h.err, h.format, level))
}

// errFailures is an exit with code 1 for which everything has been said.
var errFailures = errors.New("some photos failed")

// Main runs the command line with the given operators and returns the exit
// code. It starts and stops the native libraries.
func Main(specs ...ops.Spec) int {
	if programs.Stage(os.Args) {
		return exitUnable
	}
	var c commands
	code, out := -1, &output{file: os.Stdout}
	parser, err := newParser(&c, func(n int) { code = n }, kong.Writers(out, os.Stderr))
	if err != nil {
		return complain(exitUnable, err)
	}
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 0:
		arguments = []string{"--help"}
	case arguments[0] == "help":
		arguments = append(arguments[1:], "--help")
	}
	parsed, err := parser.Parse(arguments)
	if lost := out.lost(nil); lost != nil {
		return complain(exitUnable, lost)
	}
	if code >= 0 { // --help or --version has been printed
		return code
	}
	if err != nil {
		return complain(exitUnable, fmt.Errorf("%w; see %s --help", err, commandOf(parser, arguments)))
	}
	registry, err := ops.NewRegistry(specs...)
	if err != nil {
		return complain(exitUnable, err)
	}
	return c.run(parsed, registry, out)
}

// commandOf is the command that a line is about, as far as it names one.
func commandOf(parser *kong.Kong, arguments []string) string {
	name, commands := "burnish", parser.Model.Children
	for _, word := range arguments {
		at := slices.IndexFunc(commands, func(n *kong.Node) bool { return n.Name == word && !n.Hidden })
		if at < 0 {
			break
		}
		name, commands = name+" "+word, commands[at].Children
	}
	return name
}

// newParser reads command lines into c. It calls exit once it has printed what
// --help or --version asks for.
func newParser(c *commands, exit func(code int), options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append(options,
		kong.Name("burnish"),
		kong.Description("Burnish restores JPEG-compressed photos. It watches folders, restores new photos, and writes the results and thumbnails. Originals are never modified."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": "burnish " + release(), "places": placesText()},
		verbatim,
		kong.Exit(exit))...)
}

func (c *commands) run(parsed *kong.Context, registry *ops.Registry, out *output) int {
	temporary := &scratch{}
	ctx, hup, stop := untilSignal(context.Background(), temporary.removeAll)
	defer stop()
	h := &host{Context: ctx, hangups: hup, scratch: temporary, registry: registry, out: out, err: os.Stderr, verbose: c.Verbose, format: c.LogFormat}
	if parsed.Command() == "work" && len(c.Work.NATS) == 0 && worker.IsProcess() {
		h.relay = worker.LogDescriptor()
	}
	stopNative, err := plugin.Start(plugin.Runtime{Log: h.logger()})
	if err != nil {
		return complain(exitUnable, err)
	}
	code := exitDone
	err = errors.Join(parsed.Run(h), stopNative())
	temporary.removeAll()
	for _, err := range flatten(errors.Join(err, out.lost(err))) {
		switch {
		case errors.Is(err, errFailures):
			code = max(code, exitFailed)
		case errors.Is(err, errInterrupted):
			code = max(code, exitInterrupted)
		case ctx.Err() != nil && errors.Is(err, context.Canceled):
			code = max(code, complain(exitInterrupted, errInterrupted))
		default:
			code = max(code, complain(exitUnable, err))
		}
	}
	return code
}

// flatten parts joined errors.
func flatten(err error) (all []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	if err != nil {
		all = append(all, err)
	}
	return all
}

func complain(code int, err error) int {
	text, hint := reasonOf(err)
	if path := (*os.PathError)(nil); errors.As(err, &path) && errors.Is(path.Err, syscall.EROFS) {
		if advice := plugin.AdviseWrite(err, path.Path); hint == "" && !strings.Contains(text, advice) {
			hint = advice
		}
	}
	text = withHint(text, hint)
	if faults := (diag.Diagnostics)(nil); errors.As(err, &faults) {
		text = err.Error() // each is on a line of its own
	}
	if problem := (*api.Problem)(nil); errors.As(err, &problem) { // a daemon's, with lines of its own
		var lines []string
		for line := range strings.Lines(problem.Detail) {
			lines = append(lines, diag.Printable(strings.TrimSuffix(line, "\n")))
		}
		text = strings.Join(lines, "\n")
	}
	fmt.Fprintln(os.Stderr, "burnish:", text)
	return code
}
