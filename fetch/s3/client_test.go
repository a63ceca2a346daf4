package s3

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// refusing is a network on which nobody listens.
type refusing struct{ asked int }

// RoundTrip implements http.RoundTripper.
func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.asked++
	return nil, errors.New("connection refused")
}

// TestFailureTakesNoTime: whoever asked decides when to ask again, and whom.
func TestFailureTakesNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Config{Bucket: "bucket", AccessKey: "a", SecretKey: "s"})
		network := new(refusing)
		var err error
		if s.reads, err = s.client(s.cfg, network); err != nil {
			t.Fatal(err)
		}
		src := newSource(t, s, fetch.Location{URL: "s3://bucket/key", ETag: "etag", Size: 1000})
		for range 5 {
			start := time.Now()
			if err := src.ReadAt(t.Context(), make([]byte, 10), 0); !errors.Is(err, fetch.ErrUnavailable) || time.Since(start) != 0 {
				t.Errorf("ReadAt = %v after %v, want unavailable at once", err, time.Since(start))
			}
		}
		if network.asked != 5 {
			t.Errorf("5 reads sent %d requests", network.asked)
		}
	})
}
