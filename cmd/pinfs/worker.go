package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/inflight"
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

// resendVariable is set to "off" by tests of what happens on kernels that can not send requests again.
const resendVariable = "PINFS_RESEND"

// hold is the holder's process. It minds signals itself.
func hold() int {
	if err := holder.Hold(context.Background(), func(dir string) { notifySystemd(context.Background(), dir) }); err != nil {
		fmt.Fprintf(os.Stderr, "pinfs: %s\n", oneLine(err))
		return exitFailure
	}
	return 0
}

func (a *app) workerCommand() *cobra.Command {
	c := &cobra.Command{Use: workerName, Hidden: true}
	return a.command(c, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return holder.Work(context.WithoutCancel(ctx), func(ctx context.Context, from holder.Job) (holder.Server, error) {
			slog.SetDefault(slog.New(slog.NewTextHandler(from.Log, nil)))
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
	object *opened
	server *fs.Server
	self   status.Document // the part that does not change
	failed *status.Failures
	before counters // of the workers before this one
	place  *os.Root // the run directory, wherever it is moved to when the mount is detached

	opening []int64 // leaves that opening the image took
}

// prepare opens the image, from the store through the verifier to the root directory.
func (a *app) prepare(ctx context.Context, from holder.Job) (holder.Server, error) {
	m := &mounted{run: from.Run, failed: new(status.Failures)}
	var err error
	if m.place, err = os.OpenRoot(string(from.Run)); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(from.Spec.Job, &m.job); err != nil {
		return nil, err
	}
	a.cfg = m.job.Config
	b, err := a.cfg.budget()
	if err != nil {
		return nil, err
	}
	b.limit()
	if m.object, err = a.openImage(ctx, m.job.Place.Pin, m.job.Sources, a.cfg.Timeout, m.passedOver); err != nil {
		return nil, err
	}
	cfg := b.blocks()
	m.job.Without.image(&cfg)
	image, err := openSquash(ctx, m.object.Object, m.job.Inside, cfg)
	if err != nil {
		return nil, err
	}
	m.server = fs.New(m.tree(image), fs.Config{
		Name: m.job.Ref, ReadTimeout: a.cfg.Timeout, Xattrs: m.job.Xattrs, Without: m.job.Without, Failures: m.failed, Arrived: m.object.mirror.Arrived,
		TableOnly: os.Getenv(resendVariable) == "off",
	})
	a.warnOfPlainHTTP(m.job.Sources)
	m.self, m.opening = m.document(from), slices.Clip(m.object.Touched())
	return m, nil
}

// warnOfPlainHTTP says once what a connection without TLS does not keep from others.
func (a *app) warnOfPlainHTTP(sources []source) {
	for _, s := range sources {
		url := s.Store
		if strings.HasPrefix(url, "s3://") {
			url = a.cfg.S3.Endpoint
		}
		if strings.HasPrefix(url, "http://") {
			slog.Warn("plain http: what is read is verified, but others on the way can see it, and when", "source", url)
			return
		}
	}
}

// passedOver counts a source that failed while another one had what was asked for.
func (m *mounted) passedOver(at fetch.Location, err error) {
	verdict := fetch.VerdictOf(err)
	if verdict == "" {
		verdict = status.Failed
	}
	object := cmp.Or(fetch.ObjectOf(err), at.URL)
	if m.failed.Add(verdict, object, err) {
		slog.Warn("a source failed, another one has it", "verdict", verdict, "image", m.job.Ref, "source", object, "err", err)
	}
}

func (m *mounted) tree(image *squash.Image) *tree.Tree {
	place := m.job.Place
	return tree.New(image, tree.Info{
		Pin: place.Pin.String(), Name: string(place.Name), Revision: place.Revision, Source: place.Image.URL,
		State: func() string { return status.State(m.failed.Snapshot()) },
	})
}

// document is what status tells at any time.
func (m *mounted) document(from holder.Job) status.Document {
	place := m.job.Place
	return status.Document{
		Mountpoint: from.Spec.Mountpoint, Kind: "tree", Pin: place.Pin.String(), Name: string(place.Name),
		Revision: place.Revision, Ref: m.job.Ref, Source: place.Image.URL, Since: from.Started, Version: version,
		HolderPID: from.HolderPID, WorkerPID: os.Getpid(), Size: m.object.Size(), Log: from.Run.Log(),
	}
}

// Document implements status.Mount: it adds what changes.
func (m *mounted) Document() status.Document {
	d := m.self
	now := m.now()
	d.VerifiedBytes, d.Requests, d.Errors = now.Verified, now.Requests, now.Errors
	d.State, d.Goroutines, d.Latency = status.State(d.Errors), runtime.NumGoroutine(), m.server.Latency()
	d.Sources, d.Cache = m.sources(), m.cache()
	return d
}

// Trace implements status.Mount.
func (m *mounted) Trace(begin bool) status.Touched {
	if begin {
		m.object.Forget()
	}
	return status.Touched{Pin: m.job.Place.Pin.String(), Leaves: append(m.opening, m.object.Touched()...)}
}

func (m *mounted) sources() (list []status.Source) {
	for _, h := range m.object.mirror.Health() {
		s := status.Source{URL: h.At.URL, State: status.Used, Until: h.Until, P95: h.P95.Seconds()}
		if !h.Until.IsZero() {
			s.State = status.PassedOver
		}
		list = append(list, s)
	}
	return list
}

func (m *mounted) cache() *status.Cache {
	if m.object.dir == nil {
		return nil
	}
	c, there := m.object.cached.Stats(), m.object.cached.There()
	return &status.Cache{Dir: m.object.dir.Path(), Hits: c.Hits, Stored: c.Stored, Damaged: c.Damaged, Leaves: there, All: m.object.Leaves()}
}

// Check implements holder.Server.
func (m *mounted) Check(table *inflight.File) error { return m.server.Check(table) }

// Serve implements holder.Server.
func (m *mounted) Serve(ctx context.Context, conn inflight.Conn, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	m.inherit()                                                        // before anybody can ask
	if socket, err := status.Listen(ctx, m.run.Socket()); err != nil { // before ready: who mounts may ask at once
		slog.Warn("no status socket", "err", err)
	} else {
		beside.Go(func() { _ = status.Serve(ctx, socket, m) })
	}
	beside.Go(func() { m.watch(ctx, m.job.Config.Watch) })
	beside.Go(func() { m.prefetch(ctx) })
	beside.Go(func() { m.store(ctx) })
	defer func() { cancel(); beside.Wait() }()
	slog.Info("mounted", "image", m.job.Ref, "pin", m.job.Place.Pin, "source", m.job.Place.Image)
	return m.server.Serve(ctx, conn, ready)
}
