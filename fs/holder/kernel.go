package holder

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

// maxRead is the largest READ request in bytes, the same as package fs offers.
const maxRead = 1 << 20

// attach mounts at spec's mountpoint and returns the device through which the requests will come.
func attach(spec Spec) (handle, error) {
	opts, err := parseOptions(spec.Options, os.Geteuid() == 0)
	if err != nil {
		return none, err
	}
	source := spec.Source
	if source == "" {
		source = "pinfs"
	}
	if os.Geteuid() == 0 {
		return mountDirect(source, spec.Mountpoint, opts)
	}
	return mountHelped(source, spec.Mountpoint, opts)
}

// mountDirect mounts with mount(2), which only root may.
func mountDirect(source, dir string, opts options) (handle, error) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.EACCES):
		return none, fmt.Errorf("/dev/fuse may not be used here, chmod 666 /dev/fuse lets everybody: %w", err)
	case err != nil:
		return none, fmt.Errorf("the kernel's FUSE is not available, try modprobe fuse: %w", err)
	}
	dev := handle(fd)
	data := fmt.Sprintf("fd=%d,rootmode=%o,user_id=%d,group_id=%d,default_permissions,max_read=%d",
		fd, unix.S_IFDIR, os.Geteuid(), os.Getegid(), maxRead)
	if opts.allowOther {
		data += ",allow_other"
	}
	if err := unix.Mount(source, dir, state.FSType, opts.flags, data); err != nil {
		dev.Close()
		return none, fmt.Errorf("mount at %s: %w", dir, err)
	}
	return dev, nil
}

// mountHelped mounts with the set-uid program fusermount3, which hands the device back through a
// socket.
func mountHelped(source, dir string, opts options) (handle, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return none, fmt.Errorf("socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "commfd")
	defer theirs.Close()
	ours := os.NewFile(uintptr(fds[0]), "commfd")
	defer ours.Close()
	// The helper takes commas for ends of options.
	name := strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(source)
	words := fmt.Sprintf("%s,default_permissions,max_read=%d,subtype=pinfs,fsname=%s", opts.words(), maxRead, name)
	if err := fusermount(theirs, "-o", words, "--", dir); err != nil {
		return none, fmt.Errorf("mount at %s: %w", dir, err)
	}
	conn, err := net.FileConn(ours)
	if err != nil {
		return none, err
	}
	defer conn.Close()
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.(*net.UnixConn).ReadMsgUnix(make([]byte, 1), rights)
	if err != nil {
		return none, fmt.Errorf("fusermount3: %w", err)
	}
	dev, err := descriptor(rights[:n])
	if err == nil && dev == none {
		err = errors.New("fusermount3 passed no device")
	}
	return dev, err
}

// fusermount runs fusermount3, with commfd as its descriptor 3 if not nil.
func fusermount(commfd *os.File, args ...string) error {
	program, err := exec.LookPath("fusermount3")
	if err != nil {
		return errors.New("only root can mount without fusermount3: install the package fuse3")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = "/"
	var said bytes.Buffer
	cmd.Stderr = &said
	if commfd != nil {
		cmd.ExtraFiles = []*os.File{commfd}
		cmd.Env = append(os.Environ(), "_FUSE_COMMFD="+strconv.Itoa(inherited))
	}
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(said.String()); text != "" {
			return errors.New(text)
		}
		return fmt.Errorf("fusermount3: %w", err)
	}
	return nil
}

// release unmounts dir; the error matches unix.EBUSY if it is in use.
func release(dir string) error {
	if os.Geteuid() == 0 {
		return unix.Unmount(dir, unix.UMOUNT_NOFOLLOW)
	}
	err := fusermount(nil, "-u", "--", dir)
	if err != nil && strings.Contains(err.Error(), "busy") {
		return fmt.Errorf("%w (%w)", unix.EBUSY, err)
	}
	return err
}

// detach takes the mount away from dir though it may be in use: who has files open there keeps them.
func detach(dir string) error {
	if os.Geteuid() == 0 {
		return unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	}
	return fusermount(nil, "-u", "-z", "--", dir)
}

// raiseReadAhead sets the read-ahead of the mount at dev, "major:minor". The kernel's own limit for
// FUSE is 128 KiB, one decompressed block; only root may raise it, and nothing depends on it.
func raiseReadAhead(dev string, kib int) {
	if kib <= 0 {
		kib = 1024
	}
	file := filepath.Join("/sys/class/bdi", dev, "read_ahead_kb")
	_ = os.WriteFile(file, []byte(strconv.Itoa(kib)), 0)
}
