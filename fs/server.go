// Package fs answers the kernel's FUSE requests about a tree: requests to replies, errors to errno.
package fs

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/fs/tree"
)

// Config sets how a tree is served. The zero value works.
type Config struct {
	Name          string           // of the image, for logs
	Log           *slog.Logger     // default slog.Default()
	Failures      *status.Failures // counts what could not be served; default a new one
	ReadTimeout   time.Duration    // answer to each request within this, if only EIO; default 25 s. See outage.go
	MaxBackground int              // read-ahead requests that the kernel keeps in flight, up to 1 MiB each; default 64
	MaxRequests   int              // requests worked on at a time, of all kinds; default 1024, which is also the most

	// Xattrs keeps the kernel asking for extended attributes even though no file of the image has
	// any, so that the root's user.pinfs.* can be read. It costs a request per access.
	Xattrs bool

	// Without leaves out things that make a mount fast, to see what they do.
	Without []Lever

	// TableOnly makes a worker that takes over answer what it finds in the table even where the kernel
	// could send it again.
	TableOnly bool

	// Arrived returns how many bytes the origin has sent so far; an outage is over when it grows.
	// It must not block. Default: nothing ever.
	Arrived func() int64
}

// Server serves one tree to one kernel.
type Server struct {
	cfg       Config
	tree      *tree.Tree
	requests  atomic.Uint64
	outage    outage
	latencies latencies
	alive     context.Context // of the serving loop; requests end with it

	inherited map[uint64]bool // requests that another process had begun with, by inflight.Request.ID
}

// New prepares to serve t.
func New(t *tree.Tree, cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Failures == nil {
		cfg.Failures = new(status.Failures)
	}
	if cfg.Arrived == nil {
		cfg.Arrived = func() int64 { return 0 }
	}
	if cfg.ReadTimeout <= 0 {
		cfg.ReadTimeout = 25 * time.Second
	}
	if cfg.MaxBackground <= 0 {
		cfg.MaxBackground = 64
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 1024
	}
	return &Server{cfg: cfg, tree: t}
}

// Requests returns how many requests the kernel has sent so far.
func (s *Server) Requests() uint64 { return s.requests.Load() }

// Failures returns what could not be served so far.
func (s *Server) Failures() []status.Failure { return s.cfg.Failures.Snapshot() }

// maxRead is the largest READ that the kernel may send, in bytes. The mount option max_read has to
// say the same.
const maxRead = 1 << 20

// options is what the kernel is told at the start. go-fuse derives the largest READ from MaxWrite.
func (s *Server) options() *fuse.MountOptions {
	return &fuse.MountOptions{
		Name:                 "pinfs",
		MaxBackground:        either(s.cfg, Background, s.cfg.MaxBackground, background),
		MaxWrite:             either(s.cfg, LargeReads, maxRead, smallRead),
		Logger:               slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
		PanicHandler:         s.recovered,
		EnableSymlinkCaching: s.cfg.has(Symlinks),
		DisableReadDirPlus:   !s.cfg.has(ReaddirPlus),
		DisableXAttrs:        !s.tree.HasXattrs() && !s.cfg.Xattrs && s.cfg.has(NoXattrs),
		// The image never changes, so the kernel never has to look for changes.
		ExplicitDataCacheControl: true,
		// NO_OPENDIR spares a request per directory, EXPORT makes NFS handles outlive our process,
		// RESEND says that we know the numbers of requests that are sent again.
		ExtraCapabilities: fuse.CAP_NO_OPENDIR_SUPPORT | fuse.CAP_EXPORT_SUPPORT | fuse.CAP_HAS_RESEND,
	}
}
