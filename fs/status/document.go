// Package status tells how a mount is doing, over a unix socket that answers whatever the origin
// does.
package status

import "time"

// States of a mount beside the verdicts of package fetch.
const (
	Serving      = "serving"
	Starting     = "starting"     // has a holder, but no worker that answers yet
	Unresponsive = "unresponsive" // has a worker that does not answer
	Dead         = "dead"         // holder or worker died; `pinfs umount` clears it
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
	WorkerPID     int       `json:"workerPid"`
	Size          int64     `json:"size"`          // bytes of the image
	VerifiedBytes int64     `json:"verifiedBytes"` // bytes that passed verification since Since
	Requests      uint64    `json:"requests"`      // of the kernel, since Since
	Errors        []Failure `json:"errors"`
	Log           string    `json:"log"` // path
}
