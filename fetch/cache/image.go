package cache

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Image is the cached part of one image in front of the rest. It is a verify.Origin, safe for
// concurrent use. Whatever is wrong with the disk, what can be had elsewhere is returned.
type Image struct {
	dir  *Dir
	m    *manifest.Manifest
	next verify.Origin
	disk disk
	io   *semaphore.Weighted // reads and writes under way, so that a disk that hangs does not collect them

	mu    sync.Mutex // guards files; held while the disk is asked for them
	files *files     // nil before the first use, and after they have gone

	kept  sync.Mutex                   // guards all below
	head  []byte                       // of the manifest file
	nodes map[int64]manifest.HashBlock // by their offset, to be stored again if the files have gone

	running sync.WaitGroup // reads and writes

	hits, stored, damaged atomic.Int64
}

var _ verify.Origin = (*Image)(nil)

// maxIO is how many reads and writes of an image can be under way.
const maxIO = 64

// Image returns the cache of m's image; what is not in it comes from next.
func (d *Dir) Image(m *manifest.Manifest, next verify.Origin) *Image {
	return &Image{dir: d, m: m, next: next, disk: disk{log: d.cfg.Log, path: d.path}, io: semaphore.NewWeighted(maxIO)}
}

// Stats are counters since the Image was made, in bytes but for the last one.
type Stats struct {
	Hits    int64 `json:"hits"`    // read from the cache
	Stored  int64 `json:"stored"`  // written to it
	Damaged int64 `json:"damaged"` // leaves and hash blocks that were wrong on disk, and were dropped
}

// Stats returns the counters.
func (im *Image) Stats() Stats { return Stats{im.hits.Load(), im.stored.Load(), im.damaged.Load()} }

// Close closes the files, unless the disk takes long. Nothing may be asked for after it.
func (im *Image) Close() {
	if !ended(&im.running) {
		return
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.files != nil {
		im.files.close()
		im.files = nil
	}
}
