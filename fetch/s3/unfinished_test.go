package s3

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestUnfinished lists uploads in parts that nobody goes on with, and ends them.
func TestUnfinished(t *testing.T) {
	s := newStore(t, s3server.Start(t, s3server.Config{}))
	begin := func(key string) fetch.Unfinished {
		t.Helper()
		id, err := s.writes.NewMultipartUpload(t.Context(), s.cfg.Bucket, key, minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.writes.PutObjectPart(t.Context(), s.cfg.Bucket, key, id, 1, bytes.NewReader([]byte("part")), 4, minio.PutObjectPartOptions{}); err != nil {
			t.Fatal(err)
		}
		return fetch.Unfinished{Key: key, ID: id}
	}
	want := []fetch.Unfinished{begin(".pinfs/images/1/image"), begin(".pinfs/images/2/image")}
	foreign := begin("PE/image")
	found := s.unfinished(t, ".pinfs/images/1/image")
	if len(found) != 1 || found[0] != want[0] {
		t.Errorf("Unfinished = %+v, want %+v", found, want[:1])
	}
	for _, u := range append(want, want[0]) { // the last has ended already
		if err := s.Abort(t.Context(), u); err != nil {
			t.Errorf("Abort(%+v) = %v", u, err)
		}
	}
	if left := s.unfinished(t, "PE/image"); !slices.Equal(left, []fetch.Unfinished{foreign}) {
		t.Errorf("left are %+v, want %+v", left, foreign)
	}
	if left := s.unfinished(t, ".pinfs/images/1/image"); len(left) > 0 {
		t.Errorf("left are %+v", left)
	}
}

// unfinished asks for a whole key, as all servers understand it, and leaves out the times.
func (s scratch) unfinished(t *testing.T, prefix string) []fetch.Unfinished {
	t.Helper()
	found, err := s.Unfinished(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		if age := time.Since(found[i].Begun); age < -time.Minute || age > time.Hour {
			t.Errorf("%+v was begun %s ago", found[i], age)
		}
		found[i].Begun = time.Time{}
	}
	return found
}
