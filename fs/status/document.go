// Package status tells how a mount is doing, over a unix socket that answers whatever the origin
// does.
package status

import "time"

// States of a mount beside the verdicts of package fetch.
const (
	Serving      = "serving"
	Starting     = "starting"     // has a holder, but no worker that answers yet
	Unresponsive = "unresponsive" // has a worker that does not answer
	Restarting   = "restarting"   // its worker has ended, another one is coming
	Dead         = "dead"         // the holder died; `pinfs umount` clears it
	Detached     = "detached"     // unmounted here, but still in use somewhere
)

// Document is what a mount tells about itself. Field names are stable.
type Document struct {
	Mountpoint    string    `json:"mountpoint"`
	Kind          string    `json:"kind,omitempty"` // "tree" or "raw"
	Pin           string    `json:"pin,omitempty"`
	Name          string    `json:"name,omitempty"`
	Revision      int       `json:"revision,omitempty"`
	Ref           string    `json:"ref,omitempty"`    // as given by the user
	Source        string    `json:"source,omitempty"` // where the bytes come from
	State         string    `json:"state"`            // Serving, or the worst current verdict, or one of the above
	Since         time.Time `json:"since"`            // when the mount began
	HolderPID     int       `json:"holderPid"`
	WorkerPID     int       `json:"workerPid"`         // 0 while it is restarting
	Version       string    `json:"version,omitempty"` // of the worker
	Restarts      int       `json:"restarts"`          // workers that had to be replaced
	LastEnd       string    `json:"lastEnd,omitempty"` // why the last of these ended
	LastEndAt     time.Time `json:"lastEndAt,omitzero"`
	Size          int64     `json:"size"`          // bytes of the image
	VerifiedBytes int64     `json:"verifiedBytes"` // bytes that this worker has found right
	Requests      uint64    `json:"requests"`      // of the kernel to this worker
	Latency       Latency   `json:"latency"`       // of the answers to them
	Goroutines    int       `json:"goroutines"`    // of this worker
	Errors        []Failure `json:"errors"`
	Sources       []Source  `json:"sources,omitempty"` // in the order in which they are asked
	Cache         *Cache    `json:"cache,omitempty"`   // nil without one
	Log           string    `json:"log"`               // path
}

// Latency is within how many seconds half, 19 of 20 and 99 of 100 requests were answered, to a power of two.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Source is one place that a mount reads from.
type Source struct {
	URL   string    `json:"url"`
	State string    `json:"state"`          // Used or PassedOver
	Until time.Time `json:"until,omitzero"` // when one that is passed over is tried again
	P95   float64   `json:"p95,omitempty"`  // seconds within which 19 of 20 reads of a single block were answered, of the last ones
}

// States of a source.
const (
	Used       = "used"
	PassedOver = "passed over" // after failures
)

// Cache is what a mount had of its cache on disk since it began, in bytes but for the last three.
type Cache struct {
	Dir     string `json:"dir"`
	Hits    int64  `json:"hits"`    // read from it
	Stored  int64  `json:"stored"`  // written to it
	Damaged int64  `json:"damaged"` // blocks that were wrong on disk and have been fetched again
	Leaves  int64  `json:"leaves"`  // of the image that are in it now, of whatever mount; 0 if the disk does not tell
	All     int64  `json:"all"`     // leaves of the image
}
