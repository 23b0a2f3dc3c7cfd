// Command cluster runs a cluster on one machine, each member in a network of its
// own: three NATS servers, two owners and four workers. It injects one fault after
// the other while photos go through, and then checks that every photo has exactly
// its outputs and that no object is left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

var (
	burnish = flag.String("burnish", "", "burnish with the operator nap: packaging/trials/cluster/nap")
	server  = flag.String("server", "", "nats-server")
	photo   = flag.String("photo", "packaging/demo/photos/dune-q10.jpg", "JPEG that the photos are made of")
	model   = flag.String("model", "ops/network/step/testdata/compact_x2.onnx", "small model")
	photos  = flag.Int("photos", 600, "photos, all in all")
	keep    = flag.Bool("keep", false, "keep the folder")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	if *burnish == "" || *server == "" {
		return errors.New("use make cluster, which builds what this needs")
	}
	folder, err := os.MkdirTemp("", "burnish-cluster-")
	if err != nil {
		return err
	}
	n, err := newNetwork()
	if err != nil {
		return fmt.Errorf("network namespaces are needed, which only root may make: %w", err)
	}
	defer n.close()
	t := &trial{folder: folder, network: n}
	defer func() {
		t.stop()
		if err == nil && !*keep {
			_ = os.RemoveAll(folder)
		} else {
			fmt.Println("kept:", folder)
		}
	}()
	if err := t.start(ctx); err != nil {
		return err
	}
	fmt.Printf("%-34s %7s %8s %8s %6s %6s %5s %7s %6s\n", "fault", "photos", "seconds", "doubled", "stale", "refsd", "again", "alone", "here")
	each := *photos / len(faults)
	for i, f := range faults {
		drop := each
		if i == 0 {
			drop += *photos % len(faults)
		}
		if err := t.phase(ctx, f, drop); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return t.judge(ctx)
}

// phase drops photos while a fault is about, and waits until all are done.
func (t *trial) phase(ctx context.Context, f fault, photos int) error {
	before, began := t.figures(ctx), time.Now()
	over := make(chan error, 1)
	go func() { over <- f.inject(ctx, t) }()
	for i := range photos {
		if err := t.drop(i % len(t.owners)); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	err := <-over
	if err == nil {
		err = t.await(ctx, 5*time.Minute)
	}
	after := t.figures(ctx)
	fmt.Printf("%-34s %7d %8.1f %8d %6d %6d %5d %7d %6d\n", f.name, photos, time.Since(began).Seconds(), after.Doubled-before.Doubled, after.Stale-before.Stale,
		after.Refused-before.Refused, after.Again-before.Again, after.Alone-before.Alone, after.Here-before.Here)
	return err
}

// judge checks every photo and what is left in the store.
func (t *trial) judge(ctx context.Context) error {
	if err := t.check(); err != nil {
		return err
	}
	deadline := time.Now().Add(90 * time.Second)
	for {
		left, err := t.left(ctx)
		if err == nil && left == "" {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("left in NATS: %s %w", left, err)
		}
		time.Sleep(2 * time.Second)
	}
	total := 0
	for _, o := range t.owners {
		total += o.dropped
	}
	fmt.Printf("%d photos, each with exactly its outputs; no object, job or result is left\n", total)
	return nil
}

func (t *trial) path(parts ...string) string {
	return filepath.Join(append([]string{t.folder}, parts...)...)
}
