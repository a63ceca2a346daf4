// Package peer mounts one image in each of the ways that are compared.
package peer

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/gateway"
)

// Image is what all peers mount. Its fields are constant.
type Image struct {
	File string // on this machine

	Pinfs string           // the binary
	Self  string           // this program
	Ref   string           // what pinfs calls the image
	Key   string           // of the image in the gateway's bucket
	S3    *gateway.Gateway // nil for images on this machine

	Trace string // list of what a job reads first, of pinfs trace; "" before it is recorded

	Work string // directory for what a mount needs beside the mountpoint, as caches
}

// Peer is one way to mount.
type Peer struct {
	Name     string
	Note     string   // how, for the reader of a report
	Programs []string // that it needs
	Only     string   // the workload that it is for; "" for all

	mount func(ctx context.Context, i Image, m *Mount) error
}

// Local mount an image that is a file on this machine, S3 one that is an object. The first ones are what
// others are compared with.
var (
	Local = []Peer{
		{"kernel", "the kernel's squashfs on a loop device", []string{"mount"}, "", kernel},
		{"squashfuse_ll", "squashfuse_ll", []string{"squashfuse_ll"}, "", squashfuse},
		{"pinfs", "pinfs mount, from a file store, verified", nil, "", pinfs},
		{"pinfs-library", "the packages fs and squash over the bare file, nothing verified, in a process of the harness", nil, "", library},
	}
	S3 = []Peer{
		{"s3fs", "s3fs with its cache on disk, and the kernel's squashfs on a loop device over it", []string{"mount", "s3fs"}, "", s3fs},
		{"rclone", "rclone mount with its cache on disk, and the kernel's squashfs on a loop device over it", []string{"mount", "rclone"}, "", rclone},
		{"pinfs", "pinfs mount, without a cache on disk, verified", nil, "", pinfs},
		{"pinfs-prefetch", "the same with a recorded trace of what a job reads first", nil, "start", prefetch},
	}
)

// Does reports whether the peer is for a workload.
func (p Peer) Does(workload string) bool { return p.Only == "" || p.Only == workload }

// Missing says why the peer can not be measured here; "" if it can.
func (p Peer) Missing() string {
	for _, name := range p.Programs {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Sprintf("%s is not installed", name)
		}
	}
	return ""
}

// Library is the peer that works wherever FUSE does.
func Library() Peer { return Local[len(Local)-1] }

// Names lists the peers.
func Names(peers []Peer) (names []string) {
	for _, p := range peers {
		names = append(names, p.Name)
	}
	return names
}

// Mount mounts at dir, an empty directory, and returns when the mount can be used. If it fails nothing
// is left.
func (p Peer) Mount(ctx context.Context, i Image, dir string) (*Mount, error) {
	m := &Mount{Dir: dir}
	if err := p.mount(ctx, i, m); err != nil {
		if left := m.Unmount(); left != nil {
			err = fmt.Errorf("%w; %w", err, left)
		}
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	return m, nil
}

// command runs a program to its end.
func command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
