package s3

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// TestServerAsksForAPause: whatever is refused for now tells for how long, and nothing else does.
func TestServerAsksForAPause(t *testing.T) {
	objects := fetchtest.NewS3(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s := open(t, Config{Endpoint: server.URL, Bucket: objects.Bucket, AccessKey: "a", SecretKey: "s"})
	src := newSource(t, s, objects.Put("key", fetchtest.Random(100, 1)))
	for lie, want := range map[fetchtest.Lie]time.Duration{
		fetchtest.TooMany: 7 * time.Second, fetchtest.SlowDown: 7 * time.Second,
		fetchtest.ServerError: 0, fetchtest.Forbidden: 0, fetchtest.LostAnswer: 0,
	} {
		objects.Lie(lie, nil)
		_, statErr := s.Stat(t.Context(), "key")
		_, _, getErr := s.Get(t.Context(), "key", 10)
		var listErr error
		for _, err := range s.List(t.Context(), "") {
			listErr = err
		}
		for call, err := range map[string]error{
			"Stat": statErr, "Get": getErr, "List": listErr, "ReadAt": src.ReadAt(t.Context(), make([]byte, 10), 0),
		} {
			if got := fetch.RetryAfter(err); err == nil || got != want {
				t.Errorf("lie %v: %s = %v, asks for a pause of %s, want %s", lie, call, err, got, want)
			}
		}
	}
}
