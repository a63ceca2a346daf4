package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// app is what every command works with.
type app struct {
	stdout, stderr io.Writer
	cfg            config // complete once a command runs
	json           bool
}

// run executes one command line and returns the process's exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what does not mind the first
	a := &app{stdout: stdout, stderr: stderr}
	if isMountHelper(args) {
		return helperExit(a.tell(a.runHelper(ctx, args[1:])))
	}
	root := a.root()
	root.SetArgs(args[1:])
	return a.tell(root.ExecuteContext(ctx))
}

// tell prints an error that nobody else has told, and returns its exit code.
func (a *app) tell(err error) int {
	if err != nil && !errors.As(err, new(*told)) {
		fmt.Fprintf(a.stderr, "pinfs: %s\n", oneLine(err))
	}
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "pinfs",
		Short:         "Mount squashfs images from S3, pinned to a digest and verified block by block",
		SilenceErrors: true, // run prints them, on one line
		SilenceUsage:  true,
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	a.cfg.register(root.PersistentFlags())
	root.AddCommand(
		a.publishCommand(), a.adoptCommand(), a.probeCommand(), a.pinCommand(), a.resolveCommand(), a.lsCommand(), a.historyCommand(), a.verifyCommand(), a.catCommand(),
		a.mountCommand(), a.umountCommand(), a.upgradeCommand(), a.statusCommand(), a.pullCommand(), a.cacheCommand(), a.traceCommand(), a.demoCommand(), a.versionCommand(),
		a.workerCommand(),
		a.scrubCommand(), a.gcCommand(), a.repairCommand(),
	)
	return root
}

// command completes c: it takes n arguments, and what do returns is marked as a failure of the
// command, so that every other error is one of usage.
func (a *app) command(c *cobra.Command, args cobra.PositionalArgs, do func(ctx context.Context, args []string) error) *cobra.Command {
	c.Args = saying(args)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := a.cfg.complete(c.Flags()); err != nil {
			return err
		}
		if err := do(c.Context(), args); err != nil {
			return &failure{err}
		}
		return nil
	}
	return c
}

// saying has args tell how to call the command when it was called otherwise.
func saying(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, list []string) error {
		if err := args(c, list); err != nil {
			return fmt.Errorf("arguments are missing, or too many: write %s", c.UseLine())
		}
		return nil
	}
}

// withJSON adds the flag for machine-readable output.
func (a *app) withJSON(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.json, "json", false, "print JSON, one object a line for lists")
	return c
}

// failure is an error of a command that was called rightly.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

// usageError is found by a command in its arguments.
type usageError struct{ error }

func (u *usageError) Unwrap() error { return u.error }

// given fails if one of the paths in args is empty, as that of a variable that a script has not set.
func given(args []string) error {
	if slices.Contains(args, "") {
		return usage("no directory: the argument is empty")
	}
	return nil
}

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// oneLine is err's text without line breaks, as scripts and logs want it.
func oneLine(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
