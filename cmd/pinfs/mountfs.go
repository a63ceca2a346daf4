package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Called as mount.pinfs or mount.fuse.pinfs, by mount(8), pinfs has that program's conventions: the
// arguments are REF DIR [-sfnv] [-N NS] [-t TYPE] [-o OPTIONS], see mount(8), "external helpers".

// Exit codes of mount(8).
const (
	mountUsage  = 1
	mountFailed = 32
)

// ignoredOptions are for mount(8), systemd or file systems that can be written to.
var ignoredOptions = []string{
	"defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "nofail", "rw",
	"atime", "noatime", "relatime", "norelatime", "strictatime", "nostrictatime", "diratime", "nodiratime", "lazytime", "nolazytime",
	"sync", "async", "dirsync", "mand", "nomand", "silent", "loud", "iversion", "noiversion",
}

// isMountHelper reports whether args are those of a mount helper, and not of a holder or worker of one.
func isMountHelper(args []string) bool {
	return strings.HasPrefix(filepath.Base(args[0]), "mount.") && (len(args) < 2 || args[1] != holderName && args[1] != workerName)
}

// helper is the command line of a mount helper.
type helper struct {
	args    []string // REF and DIR
	options []string
	fake    bool // check, do not mount
	sloppy  bool // pass over what is not known
}

// parseHelper reads what mount(8) has passed.
func parseHelper(args []string) (h helper, err error) {
	c := &cobra.Command{
		Use: "mount.pinfs REF DIR [-sfnv] [-o OPTIONS]", Args: saying(cobra.ExactArgs(2)),
		DisableFlagsInUseLine: true, SilenceErrors: true, SilenceUsage: true,
		RunE: func(_ *cobra.Command, args []string) error { h.args = args; return nil },
	}
	flags := c.Flags()
	flags.BoolVarP(&h.sloppy, "sloppy", "s", false, "pass over options that are not known")
	flags.BoolVarP(&h.fake, "fake", "f", false, "do everything but mount")
	flags.BoolP("no-mtab", "n", false, "there is no mtab any more")
	flags.BoolP("verbose", "v", false, "errors are told in any case")
	flags.StringP("types", "t", "", "pinfs")
	flags.StringSliceVarP(&h.options, "options", "o", nil, "mount options")
	namespace := flags.StringP("namespace", "N", "", "another mount namespace")
	c.SetArgs(args)
	if err := c.Execute(); err != nil {
		return h, &usageError{err}
	}
	if *namespace != "" {
		return h, usage("pinfs can not mount into another namespace: call it there, with nsenter(1)")
	}
	return h, nil
}

// command returns the arguments of pinfs that do the same.
func (h helper) command(mount *cobra.Command) ([]string, error) {
	list := []string{"mount", "--as-given"}
	for _, option := range h.options {
		key, value, valued := strings.Cut(option, "=")
		switch {
		case option == "allow_suid" || option == "allow_dev": // mount(8) does not pass suid and dev on: they are its defaults
			list = append(list, "-o", strings.TrimPrefix(option, "allow_"))
		case slices.Contains(mountOptions, option):
			list = append(list, "-o", option)
		case valued && isFlag(mount, key):
			list = append(list, "--"+key+"="+value)
		case slices.Contains(ignoredOptions, option), strings.HasPrefix(option, "x-"), strings.HasPrefix(option, "X-"), key == "comment", option == "", h.sloppy:
		case key == "remount":
			return nil, usage("pinfs can not change a mount: unmount it and mount it anew")
		default:
			return nil, usage("mount option %q is not known; known are %s, allow_suid, allow_dev, and each flag of `pinfs mount` as FLAG=VALUE", option, strings.Join(mountOptions, ", "))
		}
	}
	return append(append(list, "--"), h.args...), nil
}

// isFlag reports whether a flag of pinfs mount may be an option.
func isFlag(mount *cobra.Command, name string) bool {
	if name == "options" || name == "foreground" || name == "as-given" || name == "help" {
		return false
	}
	return mount.Flags().Lookup(name) != nil || mount.InheritedFlags().Lookup(name) != nil
}

// runHelper does what a mount helper's args want, without a word if it succeeds.
func (a *app) runHelper(ctx context.Context, args []string) error {
	h, err := parseHelper(args)
	if err != nil || h.args == nil { // they asked for help
		return err
	}
	a.stdout = io.Discard
	root := a.root()
	mount, _, err := root.Find([]string{"mount"})
	if err != nil {
		return err
	}
	list, err := h.command(mount)
	if err != nil || h.fake {
		return err
	}
	root.SetArgs(list)
	return root.ExecuteContext(ctx)
}

// helperExit is the exit code that mount(8) wants for one of pinfs.
func helperExit(code int) int {
	switch code {
	case 0:
		return 0
	case exitUsage:
		return mountUsage
	}
	return mountFailed
}
