package peer

import (
	"context"
	"os"
	"os/exec"
	"time"

	"github.com/pinfs/pinfs/fs/status"
)

func kernel(ctx context.Context, i Image, m *Mount) error { return m.loop(ctx, i.File) }

func squashfuse(ctx context.Context, i Image, m *Mount) error {
	return m.serve(ctx, m.Dir, exec.Command("squashfuse_ll", "-f", i.File, m.Dir))
}

func pinfs(ctx context.Context, i Image, m *Mount) error {
	return m.serveTelling(ctx, i.Command(context.WithoutCancel(ctx), "mount", "-f", i.Ref, m.Dir))
}

func prefetch(ctx context.Context, i Image, m *Mount) error {
	if i.Trace == "" {
		return pinfs(ctx, i, m)
	}
	return m.serveTelling(ctx, i.Command(context.WithoutCancel(ctx), "mount", "-f", "--prefetch", i.Trace, i.Ref, m.Dir))
}

// Command is one of pinfs; the end of ctx ends it.
func (i Image) Command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, i.Pinfs, args...)
	c.Env = i.environment()
	return c
}

// environment is that of commands of pinfs: no configuration of the user's.
func (i Image) environment() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + i.Work}
	if i.S3 != nil {
		env = append(env, "PINFS_S3_ENDPOINT="+i.S3.Endpoint,
			"AWS_ACCESS_KEY_ID="+i.S3.AccessKey, "AWS_SECRET_ACCESS_KEY="+i.S3.SecretKey)
	}
	return env
}

func library(ctx context.Context, i Image, m *Mount) error {
	return m.serveTelling(ctx, exec.Command(i.Self, LibraryMount, i.File, m.Dir))
}

// serveTelling is serve for what has two processes and a status.
func (m *Mount) serveTelling(ctx context.Context, c *exec.Cmd) error {
	if err := m.serve(ctx, m.Dir, c); err != nil {
		return err
	}
	for ctx.Err() == nil {
		d, err := status.Of(ctx, m.Dir)
		if err != nil {
			return err
		}
		if d.State == status.Serving {
			m.told, m.pids = true, []int{d.HolderPID, d.WorkerPID}
			return nil
		}
		time.Sleep(time.Millisecond) // it serves already, its status is about to be
	}
	return ctx.Err()
}
