package holder

import "golang.org/x/sys/unix"

// handle is a descriptor, such as that of /dev/fuse. It is no os.File: the runtime would wait for requests,
// too, and wake this process for each of them; and Fd of an os.File changes how others that share the
// device wait for it.
type handle int

// none is no descriptor.
const none handle = -1

// Fd is the number.
func (h handle) Fd() uintptr { return uintptr(h) }

// Close closes it; once.
func (h handle) Close() error { return unix.Close(int(h)) }
