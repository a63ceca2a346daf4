package squash

import "context"

// pump reads ahead of s until it is far enough ahead, or has come to the end of the files. Its
// errors are dropped: who reads what could not be read ahead gets them.
func (a *readAhead) pump(ctx context.Context, s *stream) {
	defer s.cancel()
	for a.behind(s) {
		b, err := s.front.step(ctx)
		if err == nil && b != (block{}) && !b.isHole() {
			err = a.load(ctx, b)
		}
		if err != nil {
			a.stop(s)
			return
		}
	}
}

// behind reports whether the front of s is not far enough ahead; if it is, the pump must stop. The
// distance to keep grows with each read that goes on in order.
func (a *readAhead) behind(s *stream) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	want := min(a.room(), int64(a.m.sb.BlockSize)<<min(s.run-minRun, 8))
	s.pumping = s.front.distance(s.ino, s.next) < want
	return s.pumping
}

// stop lets a later read try again from where it is.
func (a *readAhead) stop(s *stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.pumping = false
}

// load begins to decode b once there is room for another block.
func (a *readAhead) load(ctx context.Context, b block) error {
	select {
	case a.m.flight.ahead <- struct{}{}:
		a.m.data.Ahead(ctx, b, func() { <-a.m.flight.ahead })
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
