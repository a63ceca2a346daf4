package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/inflight"
)

// errInterrupted is the cause when the process that waits for the reply is being killed.
var errInterrupted = errors.New("the reader is being killed")

// deadline is the context of one request. It ends after the configured time, with the serving loop,
// or when the process that waits is being killed. Most requests are answered from memory and never
// ask for Done, so nothing is started before somebody does.
type deadline struct {
	context.Context // the loop's
	at              time.Time
	had             time.Duration   // from the beginning to at
	arrived         int64           // from the origin before the beginning
	pid             uint32          // thread that waits, 0 for nobody (read-ahead)
	signalled       <-chan struct{} // closed when a signal arrived there

	once sync.Once
	done chan struct{}
	over chan struct{} // closed by end

	mu  sync.Mutex // guards err
	err error
}

// always is the channel of a process that has got a signal.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (s *Server) begin(signalled <-chan struct{}, in *fuse.InHeader) *deadline {
	arrived := s.cfg.Arrived()
	had := s.outage.patience(s.cfg.ReadTimeout, arrived)
	if s.inherited[in.Unique&^inflight.Resent] {
		signalled = always // the kernel may have told the process before us
	}
	return &deadline{
		Context: s.alive, at: time.Now().Add(had), had: had, arrived: arrived, pid: in.Pid, signalled: signalled,
		done: make(chan struct{}), over: make(chan struct{}),
	}
}

// end releases what Done started and whoever still waits for it.
func (d *deadline) end() { close(d.over) }

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} {
	d.once.Do(func() { go d.watch() })
	return d.done
}

// Err implements context.Context: DeadlineExceeded or Canceled.
func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.err == errInterrupted:
		return context.Canceled
	case d.err == nil && !time.Now().Before(d.at):
		d.err = context.DeadlineExceeded
	case d.err == nil:
		d.err = d.Context.Err()
	}
	return d.err
}

// interrupted reports whether it ended because nobody waits any more.
func (d *deadline) interrupted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err == errInterrupted
}

func (d *deadline) watch() {
	timer := time.NewTimer(time.Until(d.at))
	defer timer.Stop()
	signalled := d.signalled
	var again <-chan time.Time
	for {
		select {
		case <-d.over:
			d.finish(context.Canceled)
			return
		case <-timer.C:
			d.finish(context.DeadlineExceeded)
			return
		case <-d.Context.Done():
			d.finish(d.Context.Err())
			return
		case <-signalled:
			signalled = nil
		case <-again:
		}
		// Only a signal that kills may end a read: a reader that a timer or a child's end happens to
		// wake gets its bytes, as from any disk. The kernel tells of the first signal only.
		if beingKilled(d.pid) {
			d.finish(errInterrupted)
			return
		}
		again = time.After(killPoll)
	}
}

func (d *deadline) finish(err error) {
	d.mu.Lock()
	if d.err == nil {
		d.err = err
	}
	d.mu.Unlock()
	close(d.done)
}

// killPoll is how often a process that has got a signal is asked whether that or another one kills it.
const killPoll = 100 * time.Millisecond

// sigKill is SIGKILL's bit in a signal set. The kernel makes it pending in every thread of a process
// that any signal is about to end.
const sigKill = 1 << 8

// beingKilled reports whether the thread pid is about to end, or has.
func beingKilled(pid uint32) bool {
	if pid == 0 {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	for line := range strings.Lines(string(b)) {
		var set uint64
		if n, _ := fmt.Sscanf(line, "SigPnd: %x", &set); n == 1 && set&sigKill != 0 {
			return true
		}
		if n, _ := fmt.Sscanf(line, "ShdPnd: %x", &set); n == 1 && set&sigKill != 0 {
			return true
		}
	}
	return false
}
