package verify

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
)

// learning is a source whose location has no identity: its first answer gives it one. That is worth no
// more than the answer, so until something of it has turned out right, it is forgotten when something
// turns out wrong: what an image in the wrong place was called must not outlast it.
type learning struct {
	store  Store
	at     fetch.Location
	now    atomic.Pointer[fetch.Source]
	proven atomic.Bool

	ifMissing string // what to do if nothing is there
}

var _ fetch.Source = (*learning)(nil)

func newLearning(store Store, at fetch.Location) (*learning, error) {
	l := &learning{store: store, at: at}
	return l, l.forget()
}

// Size implements fetch.Source.
func (l *learning) Size() int64 { return l.at.Size }

// ReadAt implements fetch.Source.
func (l *learning) ReadAt(ctx context.Context, p []byte, off int64) error {
	err := (*l.now.Load()).ReadAt(ctx, p, off)
	if errors.Is(err, fetch.ErrOverwritten) {
		l.judge(false)
	}
	if errors.Is(err, fetch.ErrNotFound) {
		return fmt.Errorf("%w%s", err, l.ifMissing)
	}
	return err
}

// judge hears whether what was read is of the image.
func (l *learning) judge(right bool) {
	if right {
		l.proven.Store(true)
	} else if !l.proven.Load() {
		_ = l.forget() // the source that was there stays, and goes on to fail
	}
}

// forget opens the source anew, which sends nothing.
func (l *learning) forget() error {
	src, err := l.store.Open(l.at)
	if err == nil {
		l.now.Store(&src)
	}
	return err
}

// judge tells src, if it learns, what came of checking what it gave, and returns that.
func judge[T any](src fetch.Source, v T, err error) (T, error) {
	if l, ok := src.(*learning); ok {
		l.judge(err == nil)
	}
	return v, err
}
