// Package cmd is the burnish command: one file a subcommand. It is a host of
// package plugin like any other, and reports to people what happens there.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // some photos failed, or check found faults
	exitUnable = 2 // the command could not do its work
)

// commands are the subcommands as kong reads them.
type commands struct {
	Run       runCommand       `cmd:"" help:"Watch folders and process every photo that arrives."`
	Apply     applyCommand     `cmd:"" help:"Process photos and folders of photos once."`
	Restore   restoreCommand   `cmd:"" help:"Restore one photo, and nothing else."`
	Status    statusCommand    `cmd:"" help:"Say how the daemon and its watched folders stand."`
	Failed    failedCommand    `cmd:"" help:"List the photos that failed in watched folders, with the reasons."`
	Retry     retryCommand     `cmd:"" help:"Try failed photos again."`
	Reprocess reprocessCommand `cmd:"" help:"Do again what was done."`
	Pause     pauseCommand     `cmd:"" help:"Let the daemon begin no further photo."`
	Resume    resumeCommand    `cmd:"" help:"End a pause."`
	Plan      planCommand      `cmd:"" help:"Say what would be done with photos, and do nothing."`
	Ops       opsCommand       `cmd:"" help:"List the operators that a step may name, or describe one."`
	Check     checkCommand     `cmd:"" help:"Find every fault of a configuration."`
	Graph     graphCommand     `cmd:"" help:"Draw a pipeline."`
	Schema    schemaCommand    `cmd:"" help:"Print the JSON Schema of configuration files, for editors."`
	Test      testCommand      `cmd:"" help:"Try pipelines on pictures and judge what comes out, for your own CI."`
	Compare   compareCommand   `cmd:"" help:"Print the PSNR of images against a reference."`
	Explain   explainCommand   `cmd:"" help:"Print what a file was made of: source, pipeline, model, device."`
	Bench     benchCommand     `cmd:"" help:"Measure how fast photos are restored here, and with how much memory."`
	Version   versionCommand   `cmd:"" help:"Print the versions of Burnish and its libraries."`

	Work workCommand `cmd:"" hidden:"" help:"The worker process of burnish run."`

	Verbose bool `short:"v" help:"Log more."`
}

// host is what a subcommand runs with.
type host struct {
	context.Context
	registry *ops.Registry
	out, err io.Writer
	verbose  bool
}

// errFailures is an exit with code 1 for which everything has been said.
var errFailures = errors.New("some photos failed")

// Main runs the command line with the given operators and returns the exit
// code. It starts and stops the native libraries.
func Main(specs ...ops.Spec) int {
	var c commands
	code := -1
	parser, err := kong.New(&c,
		kong.Name("burnish"),
		kong.Description("Burnish brings JPEG-damaged photos back: it watches folders, restores what arrives there and writes the results beside thumbnails. Originals are never touched."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(n int) { code = n }))
	if err != nil {
		return complain(exitUnable, err)
	}
	arguments := os.Args[1:]
	if len(arguments) == 0 {
		arguments = []string{"--help"}
	}
	parsed, err := parser.Parse(arguments)
	if code >= 0 { // --help has been printed
		return code
	}
	if err != nil {
		return complain(exitUnable, fmt.Errorf("%w; see burnish --help", err))
	}
	registry, err := ops.NewRegistry(specs...)
	if err != nil {
		return complain(exitUnable, err)
	}
	return c.run(parsed, registry)
}

func (c *commands) run(parsed *kong.Context, registry *ops.Registry) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	h := &host{Context: ctx, registry: registry, out: os.Stdout, err: os.Stderr, verbose: c.Verbose}
	stopNative, err := plugin.Start(plugin.Runtime{Log: h.logger()})
	if err != nil {
		return complain(exitUnable, err)
	}
	code := exitDone
	for _, err := range flatten(errors.Join(parsed.Run(h), stopNative())) {
		if errors.Is(err, errFailures) {
			code = max(code, exitFailed)
		} else {
			code = complain(exitUnable, err)
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
	fmt.Fprintln(os.Stderr, "burnish:", err)
	return code
}
