package s3

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// TestServerThatHangs: an answer that stops half-way, or never begins, is an outage that can be tried
// again, not a wait without end.
func TestServerThatHangs(t *testing.T) {
	for _, lie := range []fetchtest.Lie{fetchtest.Hang, fetchtest.HangAtOnce} {
		server := fetchtest.NewS3(t)
		s := open(t, Config{Endpoint: server.Endpoint, Bucket: server.Bucket, AccessKey: "a", SecretKey: "s", Stall: 100 * time.Millisecond})
		content := fetchtest.Random(100000, 1)
		src := newSource(t, s, server.Put("key", content))
		server.Lie(lie, func(r *http.Request) bool { return r.Method == http.MethodGet })
		err := src.ReadAt(t.Context(), make([]byte, len(content)), 0)
		if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), " 100ms") {
			t.Errorf("%v: ReadAt = %v, want unavailable and why", lie, err)
		}
		server.Lie(fetchtest.Honest, func(*http.Request) bool { return true })
		if err := src.ReadAt(t.Context(), make([]byte, len(content)), 0); err != nil {
			t.Errorf("%v: ReadAt of the server that works again = %v", lie, err)
		}
	}
}
