// Package state keeps what a mount leaves in the run directory: who holds it, its log and its
// status socket.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Dir is the run directory of one mount. It exists while the mount's holder runs, and after it only
// if that died.
type Dir string

// Record says who keeps a mount.
type Record struct {
	Mountpoint string    `json:"mountpoint"`
	Source     string    `json:"source"` // as in the first column of /proc/mounts
	HolderPID  int       `json:"holderPid"`
	WorkerPID  int       `json:"workerPid"` // 0 while there is none
	Restarts   int       `json:"restarts,omitempty"`
	LastEnd    string    `json:"lastEnd,omitempty"` // why a worker ended last
	LastEndAt  time.Time `json:"lastEndAt,omitzero"`
	Started    time.Time `json:"started"`
	Device     string    `json:"device"` // major:minor of the mount; "" until it is there
}

// Log is the file that holder and worker write their messages to.
func (d Dir) Log() string { return filepath.Join(string(d), "log") }

// Socket is where the worker answers questions about the mount.
func (d Dir) Socket() string { return filepath.Join(string(d), "status.sock") }

// Control is where the holder takes orders.
func (d Dir) Control() string { return filepath.Join(string(d), "control.sock") }

func (d Dir) record() string { return filepath.Join(string(d), "state") }
func (d Dir) lock() string   { return filepath.Join(string(d), "lock") }

// Read returns what the holder wrote; an error matching io/fs.ErrNotExist if there is nothing yet.
func (d Dir) Read() (Record, error) {
	var r Record
	b, err := os.ReadFile(d.record())
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", d.record(), err)
	}
	return r, nil
}

// exists reports whether d is a run directory at all.
func (d Dir) exists() bool {
	_, err := os.Stat(d.lock())
	return err == nil
}

// All returns the run directories of this user's and of root's mounts.
func All() ([]Dir, error) {
	var all []Dir
	for _, base := range bases() {
		entries, err := os.ReadDir(base)
		if err != nil && !errors.Is(err, iofs.ErrNotExist) && !errors.Is(err, iofs.ErrPermission) {
			return nil, err
		}
		for _, e := range entries {
			if d := Dir(filepath.Join(base, e.Name())); d.exists() {
				all = append(all, d)
			}
		}
	}
	return all, nil
}

// id is 16 hex digits: a path of any length becomes one short name, as a socket's address demands.
// The same path in another mount namespace is another place.
func id(mountpoint string) string {
	namespace, _ := os.Readlink("/proc/self/ns/mnt")
	return fmt.Sprintf("%016x", xxhash.Sum64String(namespace+" "+mountpoint))
}
