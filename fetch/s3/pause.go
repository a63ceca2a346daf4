package s3

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// note is the pause that the last answer to an operation asked for, in nanoseconds. The client
// library's errors do not have that header, so the transport takes it down in the context.
type note struct{ after atomic.Int64 }

// noteKey is the key of the note in a context.
type noteKey struct{}

func withNote(ctx context.Context) (context.Context, *note) {
	n := new(note)
	return context.WithValue(ctx, noteKey{}, n), n
}

// add makes err, if it is a refusal for now, one that tells the pause.
func (n *note) add(err error) error {
	after := time.Duration(n.after.Load())
	if after == 0 || !errors.Is(err, fetch.ErrUnavailable) {
		return err
	}
	return &fetch.RetryAfterError{After: after, Err: err}
}

// noting fills in the note of each request's context.
type noting struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t noting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if n, ok := req.Context().Value(noteKey{}).(*note); ok {
		n.after.Store(0)
		if err == nil {
			n.after.Store(int64(wire.RetryAfter(resp)))
		}
	}
	return resp, err
}
