package peer

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/pinfs/pinfs/fs"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
)

// Arguments that make this program call MountLibrary and ServeLibrary.
const (
	LibraryMount = "_mount"
	LibraryServe = "_serve"
)

// MountLibrary mounts the squashfs in file at dir until it is unmounted, as a program does that uses the
// packages.
func MountLibrary(ctx context.Context, file, dir string) error {
	job, err := json.Marshal(file)
	if err != nil {
		return err
	}
	spec := holder.Spec{Mountpoint: dir, Source: file, Job: job, Worker: []string{LibraryServe}}
	return holder.Run(ctx, spec, func() {})
}

// ServeLibrary is the worker of such a mount.
func ServeLibrary(ctx context.Context) error {
	return holder.Work(ctx, func(ctx context.Context, job holder.Job) (holder.Server, error) {
		var name string
		if err := json.Unmarshal(job.Spec.Job, &name); err != nil {
			return nil, err
		}
		src, err := openBare(name)
		if err != nil {
			return nil, err
		}
		image, err := squash.Open(ctx, src, squash.Config{})
		if err != nil {
			return nil, err
		}
		return &served{job, fs.New(tree.New(image, tree.Info{Source: name}), fs.Config{Name: name})}, nil
	})
}

// bare is a file as a source; what it has is served as it is.
type bare struct {
	*os.File
	size int64
}

var _ squash.Source = bare{}

func openBare(name string) (bare, error) {
	f, err := os.Open(name)
	if err != nil {
		return bare{}, err
	}
	fi, err := f.Stat()
	if err != nil {
		return bare{}, err
	}
	return bare{f, fi.Size()}, nil
}

// ReadAt implements squash.Source.
func (b bare) ReadAt(_ context.Context, p []byte, off int64) error {
	_, err := b.File.ReadAt(p, off)
	return err
}

// Size implements squash.Source.
func (b bare) Size() int64 { return b.size }

// served is a mount that tells its status.
type served struct {
	job    holder.Job
	server *fs.Server
}

// Serve implements holder.Server.
func (s *served) Serve(ctx context.Context, conn inflight.Conn, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	socket, err := status.Listen(ctx, s.job.Run.Socket())
	if err != nil {
		cancel()
		return err
	}
	told := make(chan error, 1)
	go func() { told <- status.Serve(ctx, socket, s) }()
	defer func() { cancel(); <-told }()
	return s.server.Serve(ctx, conn, ready)
}

// Check implements holder.Server.
func (s *served) Check(table *inflight.File) error { return s.server.Check(table) }

// Document implements status.Mount.
func (s *served) Document() status.Document {
	return status.Document{
		Mountpoint: s.job.Spec.Mountpoint, Kind: "tree", Source: s.job.Spec.Source, State: status.Serving, Since: time.Now(),
		HolderPID: s.job.HolderPID, WorkerPID: os.Getpid(), Requests: s.server.Requests(), Errors: s.server.Failures(),
	}
}

// Trace implements status.Mount; nothing is recorded.
func (s *served) Trace(bool) status.Touched { return status.Touched{} }
