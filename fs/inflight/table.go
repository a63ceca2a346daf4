package inflight

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Table is the table as it lies in the memory of the one process that works on it. It may be used
// concurrently; a Slot belongs to whoever took it.
type Table struct {
	mem  []byte
	left []*Slot

	mu   sync.Mutex // guards free
	free []int      // the last one is the next: few slots see all the requests, and few take memory
}

// Map makes f's slots usable. What an ended process left in them is Left.
func (f *File) Map() (*Table, error) {
	found, err := f.Unanswered()
	if err != nil {
		return nil, fmt.Errorf("table of requests: %w", err)
	}
	mem, err := unix.Mmap(int(f.f.Fd()), 0, headSize+slots*SlotSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map table of requests: %w", err)
	}
	lock(mem[headSize:]) // just what users may, as a rule
	t := &Table{mem: mem}
	used := make(map[int]bool, len(found))
	for _, r := range found {
		used[r.slot] = true
		t.left = append(t.left, t.slot(r.slot))
	}
	for i := slots - 1; i >= 0; i-- {
		if !used[i] {
			t.free = append(t.free, i)
		}
	}
	return t, nil
}

// lock keeps in memory what has been touched. If a page of a slot were away, a kill in the moment in
// which the kernel wants it back would fail the request. It is a matter of luck then; users may lock
// little.
func lock(mem []byte) {
	const onFault = 1 // MLOCK_ONFAULT
	_, _, _ = unix.Syscall(unix.SYS_MLOCK2, uintptr(unsafe.Pointer(&mem[0])), uintptr(len(mem)), onFault)
}

// Close ends the use of t.
func (t *Table) Close() error { return unix.Munmap(t.mem) }

// Left returns the slots with what the process before had not answered, or had and not noted: the
// kernel then refuses a second reply. Whoever answers it clears the slot and gives it.
func (t *Table) Left() []*Slot { return t.left }

// Take returns an empty slot; false if all are in use.
func (t *Table) Take() (*Slot, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.free) - 1
	if last < 0 {
		return nil, false
	}
	s := t.slot(t.free[last])
	t.free = t.free[:last]
	s.Clear() // it is; but now it has its page, see lock
	return s, true
}

// Give returns a cleared slot.
func (t *Table) Give(s *Slot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free = append(t.free, s.index)
}

func (t *Table) slot(i int) *Slot {
	return &Slot{index: i, mem: t.mem[slotAt(i):slotAt(i+1):slotAt(i+1)]}
}

// Slot holds one request at a time.
type Slot struct {
	index int
	mem   []byte
}

// Buffer is where read(2) has to put the next request. The slot must be clear.
func (s *Slot) Buffer() []byte { return s.mem }

// Request is the request in the slot.
func (s *Slot) Request() []byte {
	return s.mem[:min(binary.NativeEndian.Uint32(s.mem), SlotSize)]
}

// Clear notes that the request is answered. It is one store, so no death leaves half of it.
func (s *Slot) Clear() { atomic.StoreUint32((*uint32)(unsafe.Pointer(&s.mem[0])), 0) }
