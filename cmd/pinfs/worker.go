package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"time"

	"github.com/pinfs/pinfs/fetch/verify"
	"github.com/pinfs/pinfs/fs"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/state"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
	"github.com/spf13/cobra"
)

// The two commands that pinfs calls itself by; nobody types them.
const (
	holderName = "_holder"
	workerName = "_worker"
)

func (a *app) holderCommand() *cobra.Command {
	c := &cobra.Command{Use: holderName, Hidden: true}
	return a.command(c, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return holder.Hold(context.WithoutCancel(ctx)) // it minds signals itself
	})
}

func (a *app) workerCommand() *cobra.Command {
	c := &cobra.Command{Use: workerName, Hidden: true}
	return a.command(c, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		slog.SetDefault(slog.New(slog.NewTextHandler(a.stderr, nil)))
		return holder.Work(context.WithoutCancel(ctx), func(ctx context.Context, from holder.Job) (holder.Server, error) {
			server, err := a.prepare(ctx, from)
			if err != nil {
				err = &told{err}
			}
			return server, err
		})
	})
}

// told is an error that the holder passes on to whoever called; the worker does not print it as well.
type told struct{ error }

func (t *told) Unwrap() error { return t.error }

// mounted is an image that a worker has open.
type mounted struct {
	job    job
	run    state.Dir
	object *verify.Object
	server *fs.Server
	self   status.Document // the part that does not change
}

// prepare opens the image, from the store through the verifier to the root directory.
func (a *app) prepare(ctx context.Context, from holder.Job) (holder.Server, error) {
	m := &mounted{run: from.Run}
	if err := json.Unmarshal(from.Spec.Job, &m.job); err != nil {
		return nil, err
	}
	a.cfg = m.job.Config
	store, err := a.store(m.job.Store, a.cfg.Timeout)
	if err != nil {
		return nil, err
	}
	place := m.job.Place
	if m.object, err = verify.Open(ctx, store, place.Pin, place.Image, place.Manifest, verify.Config{}); err != nil {
		return nil, err
	}
	image, err := openSquash(ctx, m.object, m.job.Inside)
	if err != nil {
		return nil, err
	}
	failures := new(status.Failures)
	m.server = fs.New(m.tree(image, failures), fs.Config{
		Name: m.job.Ref, ReadTimeout: a.cfg.Timeout, Xattrs: m.job.Xattrs, Failures: failures, Arrived: m.object.Verified,
	})
	m.self = m.document(from)
	return m, nil
}

func (m *mounted) tree(image *squash.Image, failures *status.Failures) *tree.Tree {
	place := m.job.Place
	return tree.New(image, tree.Info{
		Pin: place.Pin.String(), Name: string(place.Name), Revision: place.Revision, Source: place.Image.URL,
		State: func() string { return status.State(failures.Snapshot()) },
	})
}

// document is what status tells at any time.
func (m *mounted) document(from holder.Job) status.Document {
	place := m.job.Place
	return status.Document{
		Mountpoint: from.Spec.Mountpoint, Kind: "tree", Pin: place.Pin.String(), Name: string(place.Name),
		Revision: place.Revision, Ref: m.job.Ref, Source: place.Image.URL, Since: time.Now(),
		HolderPID: from.HolderPID, WorkerPID: os.Getpid(), Size: m.object.Size(), Log: from.Run.Log(),
	}
}

// status adds what changes.
func (m *mounted) status() status.Document {
	d := m.self
	d.VerifiedBytes, d.Requests, d.Errors = m.object.Verified(), m.server.Requests(), m.server.Failures()
	d.State = status.State(d.Errors)
	return d
}

// Serve implements holder.Server.
func (m *mounted) Serve(ctx context.Context, fd int, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		if err := status.Serve(ctx, m.run.Socket(), m.status); err != nil {
			slog.Warn("no status socket", "err", err)
		}
	}()
	defer func() { cancel(); <-told }()
	slog.Info("mounted", "image", m.job.Ref, "pin", m.job.Place.Pin, "source", m.job.Place.Image)
	return m.server.Serve(ctx, fd, ready)
}
