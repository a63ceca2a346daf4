package s3

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestResume: of an upload that was killed the right parts are kept, and only what is missing or wrong is sent.
func TestResume(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	for key, again := range map[string]int{resumable + "1/image": 2, "PE/image": 3} {
		s := newStore(t, server)
		s.cfg.PartSize = minPartSize
		content := large()
		id := s.killed(t, key, content[:minPartSize], fetchtest.Random(minPartSize, 9))
		var sent atomic.Int64
		counting := s.behind(t, func(int64) {})
		counting.cfg.PartSize = minPartSize
		inner := counting.toClose[0]
		var err error
		if counting.writes, err = counting.client(counting.cfg, roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.RawQuery, "partNumber") {
				sent.Add(1)
			}
			return inner.RoundTrip(r)
		})); err != nil {
			t.Fatal(err)
		}
		if _, err := counting.Create(t.Context(), key, bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if sent.Load() != int64(again) {
			t.Errorf("%s: %d parts were sent, want %d of 3", key, sent.Load(), again)
		}
		got, _, err := s.Get(t.Context(), key, int64(len(content)))
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v, want what was sent", key, len(got), err)
		}
		if left := s.unfinished(t, key); (len(left) > 0) != (again == 3) {
			t.Errorf("%s: left are %+v of the upload %s", key, left, id)
		}
	}
}

// killed leaves an upload with some parts behind.
func (s scratch) killed(t *testing.T, key string, parts ...[]byte) string {
	t.Helper()
	id, err := s.writes.NewMultipartUpload(t.Context(), s.cfg.Bucket, key, minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		if _, err := s.writes.PutObjectPart(t.Context(), s.cfg.Bucket, key, id, i+1, bytes.NewReader(p), int64(len(p)), minio.PutObjectPartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return id
}
