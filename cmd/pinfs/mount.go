package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fs"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/spf13/cobra"
)

// job is what a mount's worker needs to know beside its environment.
type job struct {
	Config  config        `json:"config"`
	Ref     string        `json:"ref"` // as given by the user
	Place   catalog.Place `json:"place"`
	Sources []source      `json:"sources"` // the first one is the place's own
	Inside  inside        `json:"inside"`
	Wanted  wanted        `json:"wanted"`
	Xattrs  bool          `json:"xattrs"`
	Without levers        `json:"without,omitempty"`
}

// maxSource is how much of a reference fits in the kernel's mount table beside other options.
const maxSource = 2000

// xattrsOption is the one mount option that is not the kernel's.
const xattrsOption = "xattrs"

// mountOptions are what -o takes: a tree is never writable.
var mountOptions = []string{"ro", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "allow_other", "noallow_other", xattrsOption}

// rootOptions are those of them that fusermount3 gives to nobody else.
var rootOptions = []string{"suid", "dev"}

func (a *app) mountCommand() *cobra.Command {
	var foreground, asGiven bool
	var at inside
	var ahead wanted
	var options, without []string
	c := &cobra.Command{
		Use:   "mount REF DIR",
		Short: "Mount an image, pinned and verified",
		Long: `Mount an image at DIR and return when it can be used. A name is looked up once; what it stood for
then is printed, with its pin, and stays mounted. Only what is read is fetched, and only what verifies
is served.`,
	}
	c.Flags().BoolVarP(&foreground, "foreground", "f", false, "stay in the foreground, with the log on standard error")
	c.Flags().StringSliceVarP(&options, "options", "o", nil, "mount options: suid, dev, noexec, allow_other, noallow_other; xattrs keeps user.pinfs.* readable in any case")
	c.Flags().BoolVar(&asGiven, "as-given", false, "have the mount table show REF as it was given, by which mount -a knows it again")
	c.Flags().StringSliceVar(&without, "without", nil, "leave out things that make a mount fast, to see what they do")
	_ = c.Flags().MarkHidden("without") // it is there
	at.flags(c)
	ahead.flags(c)
	return a.command(c, cobra.ExactArgs(2), func(ctx context.Context, args []string) error {
		j := job{Inside: at, Wanted: ahead}
		for _, w := range without {
			j.Without = append(j.Without, fs.Lever(w))
		}
		spec, ref, err := a.mountSpec(ctx, args[0], args[1], j, options)
		if err != nil {
			return err
		}
		if asGiven && len(args[0]) <= maxSource {
			spec.Source = args[0]
		}
		up := func() { fmt.Fprintln(a.stdout, ref) }
		if foreground {
			return holder.Run(context.WithoutCancel(ctx), spec, func() { up(); notifySystemd(ctx, spec.Mountpoint) }) // it minds signals itself
		}
		if err := holder.Mount(ctx, spec); err != nil {
			return err
		}
		up()
		return nil
	})
}

func checkOptions(options []string) error {
	for _, o := range options {
		switch {
		case !slices.Contains(mountOptions, o):
			return usage("mount option %q is not known; known are %s", o, strings.Join(mountOptions, ", "))
		case slices.Contains(rootOptions, o) && os.Geteuid() != 0: // fusermount3 passes over them
			return usage("mount option %q has no effect without root: leave it out", o)
		}
	}
	return nil
}

// mountSpec resolves the reference and says what the holder is to do; ref is the pinned reference.
func (a *app) mountSpec(ctx context.Context, arg, dir string, j job, options []string) (spec holder.Spec, ref string, err error) {
	if dir == "" {
		return spec, "", usage("no directory to mount at: the argument is empty")
	}
	if err := checkOptions(options); err != nil {
		return spec, "", err
	}
	if err := cmp.Or(j.Inside.check(), j.Wanted.checkCache(a.cfg.Cache), j.Without.check()); err != nil {
		return spec, "", err
	}
	if err := a.checkCache(); err != nil {
		return spec, "", err
	}
	store, place, err := a.locate(ctx, arg)
	if err != nil {
		return spec, "", err
	}
	sources, err := sourcesOf(store, place, a.cfg.Sources)
	if err != nil {
		return spec, "", err
	}
	if err := j.Wanted.complete(place.Pin); err != nil {
		return spec, "", err
	}
	ref = pinned(store, place)
	kernels := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return o == xattrsOption })
	j.Config, j.Ref, j.Place, j.Sources, j.Xattrs = a.cfg, arg, place, sources, slices.Contains(options, xattrsOption)
	body, err := json.Marshal(j)
	spec = holder.Spec{
		Mountpoint: dir, Source: ref[:min(len(ref), maxSource)], Options: kernels, Job: body,
		Holder: []string{holderName}, Worker: []string{workerName}, Patience: a.cfg.Timeout,
	}
	j.Without.spec(&spec)
	return spec, ref, err
}
