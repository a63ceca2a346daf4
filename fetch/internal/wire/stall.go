package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// leastProgress is how many bytes of a body must arrive in the time of a stall: more than what leaks
// through a line that is as good as dead, and far less than a leaf needs to arrive in time.
const leastProgress = 1 << 10

// Impatient gives up on a request when no progress was made for the time stall, be it the headers of
// the answer or the next leastProgress bytes of its body: a server that trickles is a server that has
// failed, and whoever asked can still ask again. Waiting for one of our own connections does not
// count. The error is ErrUnavailable and says so.
func Impatient(next http.RoundTripper, stall time.Duration) http.RoundTripper {
	return &impatient{next, stall}
}

type impatient struct {
	next  http.RoundTripper
	stall time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *impatient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watch{stall: t.stall, cancel: cancel}
	w.timer = time.AfterFunc(time.Hour, w.expire)
	w.timer.Stop()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { w.timer.Reset(t.stall) },
	})
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		w.stop()
		return nil, w.explain(err)
	}
	w.timer.Reset(t.stall)
	resp.Body = &watchedBody{resp.Body, w}
	return resp, nil
}

// watch ends a request that makes no progress.
type watch struct {
	stall   time.Duration
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	expired atomic.Bool
	fresh   int // bytes of the body since the last reset; its reader's
}

// errStalled is the cause of a request's end.
var errStalled = errors.New("stalled")

func (w *watch) expire() {
	w.expired.Store(true)
	w.cancel(errStalled)
}

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// explain replaces the cancellation that the watch caused by what it means.
func (w *watch) explain(err error) error {
	if err == nil || err == io.EOF || !w.expired.Load() {
		return err
	}
	stall := w.stall.Round(10 * time.Millisecond) // for people
	if w.fresh > 0 {
		return fmt.Errorf("%w: the server sent %d bytes in %s", fetch.ErrUnavailable, w.fresh, stall)
	}
	return fmt.Errorf("%w: the server sent nothing for %s", fetch.ErrUnavailable, stall)
}

// watchedBody resets the watch when enough of the body has arrived.
type watchedBody struct {
	io.ReadCloser
	*watch
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.fresh += n; b.fresh >= leastProgress {
		b.fresh = 0
		b.timer.Reset(b.stall)
	}
	return n, b.explain(err)
}

func (b *watchedBody) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}
