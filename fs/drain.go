package fs

import "sync"

// drain counts the requests that are worked on and tells when none is left, once it has begun. The
// zero value has not.
type drain struct {
	mu   sync.Mutex // guards the rest
	busy int
	done func() // nil until begin
	over bool   // done was called
}

// enter is called with each request; false if it is too late to work on it: one that was being read when
// done was called. It stays in the table.
func (d *drain) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.over {
		d.busy++
	}
	return !d.over
}

// leave ends what enter began.
func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
	d.tell()
}

// begin calls done as soon as nothing is worked on.
func (d *drain) begin(done func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = done
	d.tell()
}

func (d *drain) begun() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done != nil
}

// tell wants mu held.
func (d *drain) tell() {
	if d.busy == 0 && d.done != nil && !d.over {
		d.over = true
		d.done()
	}
}
