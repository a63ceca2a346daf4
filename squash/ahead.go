package squash

import (
	"context"
	"sync"
	"time"
)

// readAhead notices readers that go through files in order, and has decoded what they come to next.
//
// The order is that of the inode table: each file from its start to its end, then the next one. It
// is the order in which makers of images put the data, and in which tar, cp and find meet the files.
type readAhead struct {
	m    *Image
	size int64 // bytes to be ahead at most

	mu      sync.Mutex // guards all below
	streams [maxStreams]*stream
	now     int64 // counts what is noted
}

const (
	maxStreams = 16
	minRun     = 2              // reads that must go on where another ended before anything is read ahead
	recent     = 8 * maxStreams // reads since which a stream counts as active
	gap        = 512            // bytes of directories and the like between the inodes of two files read in order

	smallestInode = 20 // bytes

	// aheadFor is how long a stream is read ahead of on behalf of one call, if that call has not less
	// time: nothing else would end a read of the source that hangs.
	aheadFor = 30 * time.Second
)

// stream is one reader that goes through files in order, as far as is known.
type stream struct {
	ino     *Inode // that was read last
	next    int64  // the byte of it where the reader should go on
	run     int    // reads that went on where another ended
	used    int64  // readAhead.now when it was noted last
	front   front  // how far it is read ahead; belongs to the pump while there is one
	pumping bool
	cancel  context.CancelFunc // of the pump
}

// newReadAhead returns one that keeps size bytes ahead of a stream.
func newReadAhead(m *Image, size int64) *readAhead { return &readAhead{m: m, size: size} }

// note takes in that n bytes of ino are read at off. It waits for nobody: when many readers come at
// once some go unnoticed, but then the workers are busy anyway.
func (a *readAhead) note(ctx context.Context, ino *Inode, off, n int64) {
	if a.size <= 0 || !a.mu.TryLock() {
		return
	}
	defer a.mu.Unlock()
	a.now++
	s, inOrder := a.find(ctx, ino, off)
	if inOrder {
		s.run++
	}
	if s.ino == nil || s.ino.Ref != ino.Ref {
		s.next = 0
	}
	s.ino, s.next, s.used = ino, max(s.next, off+n), a.now
	if s.run >= minRun && !s.pumping {
		s.pumping = true
		ctx, s.cancel = detach(ctx)
		go a.pump(ctx, s)
	}
}

// detach returns a context for what goes on after the call that ctx belongs to.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(aheadFor)
	if at, ok := ctx.Deadline(); ok && at.Before(end) {
		end = at
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// find returns the stream that a read of ino at off belongs to, and whether it goes on where the
// stream ended. Reads of one file may come a little out of order, as a kernel sends them that reads
// ahead itself. What belongs to no stream begins one.
func (a *readAhead) find(ctx context.Context, ino *Inode, off int64) (s *stream, inOrder bool) {
	for _, s := range a.streams {
		if s != nil && a.goesOn(ctx, s, ino, off) {
			return s, true
		}
	}
	for _, s := range a.streams {
		if s != nil && s.ino.Ref == ino.Ref && s.run > 0 && off > s.next-a.size && off < s.next+a.size {
			return s, false
		}
	}
	return a.begin(), false
}

// goesOn reports whether a read of ino at off begins where s ended.
func (a *readAhead) goesOn(ctx context.Context, s *stream, ino *Inode, off int64) bool {
	if s.ino.Ref == ino.Ref {
		return off == s.next
	}
	if off != 0 || s.next < s.ino.Size || !ino.isNear(s.ino) {
		return false
	}
	next, err := a.m.fileAfter(ctx, s.ino, gap/smallestInode) // in one or two blocks that were just used
	return err == nil && next.Ref == ino.Ref
}

// isNear reports whether i comes soon behind last, a file, in the inode table.
func (i *Inode) isNear(last *Inode) bool {
	start, end := i.place, last.rest
	end.off += int(last.file.blocks * listEntrySize)
	if start.block > end.block {
		end.off -= metaSize // its block is full, and then comes that of start, if they are this close
	}
	near := start.block >= end.block && start.block <= end.block+metaHeaderSize+metaSize
	return near && start.off >= end.off && start.off <= end.off+gap
}

// room returns how many bytes a stream may be ahead, with a.mu held: those that read in order at the
// moment share a quarter of the memory for data, so that none evicts what is read ahead for another.
func (a *readAhead) room() int64 {
	active := int64(0)
	for _, s := range a.streams {
		if s != nil && s.run >= minRun && a.now-s.used < recent {
			active++
		}
	}
	return min(a.size, a.m.dataBytes/4/max(active, 1))
}

// begin returns a new stream in place of the one that was idle for longest.
func (a *readAhead) begin() *stream {
	oldest := &a.streams[0]
	for i := range a.streams {
		s := &a.streams[i]
		if *s == nil || *oldest != nil && (*s).used < (*oldest).used {
			oldest = s
		}
	}
	if *oldest != nil && (*oldest).pumping {
		(*oldest).cancel()
		*oldest = nil
	}
	if *oldest == nil {
		*oldest = new(stream)
	}
	**oldest = stream{front: front{m: a.m}}
	return *oldest
}
