// Package inflight keeps the requests that a worker has read and not answered where its death does
// not take them: in memory that its successor gets, too.
//
// The kernel itself writes each request into that memory, by read(2), and the request's own length
// says that it is there. So there is no moment at which a request is known to a process alone.
package inflight

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// SlotSize is how long a request can be, in bytes: what the kernel demands of a read buffer. The
	// longest that it sends of itself is a list of forgotten nodes.
	SlotSize = 8 << 10
	// slots is how many requests can be worked on at a time: the default of fs.Config.MaxRequests.
	// A slot that was never used takes no memory.
	slots = 1024
	// headSize is where the first slot begins.
	headSize = 4096
)

// What lies before the slots, at these offsets.
const (
	magicAt   = 0  // 8 bytes, with the version of this layout
	requestAt = 16 // length of the INIT request, which lies at keptAt
	replyAt   = 20 // length of the reply to it, which lies at keptAt + keepSize; not 0 says that both are there
	keptAt    = 64
	keepSize  = 1024
	magic     = "pinfs-1\n"
)

// File is the table as it lies in the memory file, for a process that works on no request itself.
type File struct{ f *os.File }

// Create makes an empty table.
func Create() (*File, error) {
	fd, err := unix.MemfdCreate("pinfs-inflight", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("table of requests: %w", err)
	}
	f := os.NewFile(uintptr(fd), "table of requests")
	err = errors.Join(f.Truncate(headSize+slots*SlotSize), write(f, []byte(magic), magicAt))
	if err == nil { // nobody can take the pages away from under a mapping
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &File{f}, nil
}

// Open takes f over, a table that another process has made.
func Open(f *os.File) (*File, error) {
	b := make([]byte, len(magic))
	info, err := f.Stat()
	if err == nil {
		_, err = f.ReadAt(b, magicAt)
	}
	if err != nil {
		return nil, fmt.Errorf("table of requests: %w", err)
	}
	if string(b) != magic || info.Size() != headSize+slots*SlotSize {
		return nil, errors.New("table of requests has a format of another version: unmount and mount again")
	}
	return &File{f}, nil
}

// File returns the memory file, to be given to other processes.
func (t *File) File() *os.File { return t.f }

// Close gives the file free; a Table that was made of it stays.
func (t *File) Close() error { return t.f.Close() }

// KeepInit stores the INIT request of the connection and the reply to it, before the kernel gets
// that.
func (t *File) KeepInit(request, reply []byte) error {
	if len(request) > keepSize || len(reply) > keepSize {
		return fmt.Errorf("INIT of %d bytes, reply of %d: at most %d fit", len(request), len(reply), keepSize)
	}
	return errors.Join(
		write(t.f, request, keptAt), write(t.f, reply, keptAt+keepSize),
		write(t.f, length(len(request)), requestAt), write(t.f, length(len(reply)), replyAt),
	)
}

// Init returns what KeepInit was given, nil if nothing was.
func (t *File) Init() (request, reply []byte, err error) {
	sizes := make([]byte, 8)
	if _, err := t.f.ReadAt(sizes, requestAt); err != nil {
		return nil, nil, err
	}
	n, m := binary.NativeEndian.Uint32(sizes), binary.NativeEndian.Uint32(sizes[4:])
	if m == 0 || n > keepSize || m > keepSize {
		return nil, nil, nil
	}
	request, reply = make([]byte, n), make([]byte, m)
	_, err1 := t.f.ReadAt(request, keptAt)
	_, err2 := t.f.ReadAt(reply, keptAt+keepSize)
	return request, reply, errors.Join(err1, err2)
}

// Unanswered returns what processes that have ended left. Only while none works on the table does
// it mean anything.
func (t *File) Unanswered() (left []Request, err error) {
	for i := range slots {
		h := make([]byte, headerSize)
		// Not through a mapping: to look at a slot that was never used would give it memory.
		if _, err := t.f.ReadAt(h, slotAt(i)); err != nil {
			return nil, err
		}
		if r := request(i, h); r.valid() {
			left = append(left, r)
		}
	}
	return left, nil
}

// Clear notes that r is answered.
func (t *File) Clear(r Request) error { return write(t.f, length(0), slotAt(r.slot)) }

func slotAt(i int) int64 { return headSize + int64(i)*SlotSize }

func length(n int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }

func write(f *os.File, p []byte, off int64) error {
	_, err := f.WriteAt(p, off)
	return err
}
