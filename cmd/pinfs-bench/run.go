package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/work"
)

// run executes one command line and returns the process's exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdin, stdout, stderr)
	var exit exitCode
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	fmt.Fprintf(stderr, "pinfs-bench: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	return 1
}

// dispatch does what the first argument says: the harness calls itself to do work and to mount.
func dispatch(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	switch first := append(args, "", "")[1]; {
	case first == work.Child:
		return work.Serve(stdin, stdout)
	case first == peer.LibraryMount && len(args) == 4:
		return peer.MountLibrary(ctx, args[2], args[3])
	case first == peer.LibraryServe:
		return peer.ServeLibrary(ctx)
	}
	cfg, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if !isolated() {
		return isolate(args)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what does not mind the first
	err = measure(ctx, cfg, stdout, stderr)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // what was killed by it may say something else
	}
	return err
}
