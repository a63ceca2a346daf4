package s3

import (
	"bytes"
	"context"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/integration/s3server"
)

// scratch is a Store on a bucket that a foreign program can write to, of a server that honours so much.
type scratch struct {
	*Store
	honours conditions
}

var (
	_ fetchtest.Overwriter = scratch{}
	_ fetchtest.Contested  = scratch{}
)

// Exclusive implements fetchtest.Contested.
func (s scratch) Exclusive(size int64) bool {
	if size > s.cfg.PartSize {
		return s.honours.parts
	}
	return s.honours.single
}

// Overwrite replaces an object with a plain PUT.
func (s scratch) Overwrite(ctx context.Context, key string, content []byte) (fetch.Location, error) {
	info, err := s.writes.PutObject(ctx, s.cfg.Bucket, key, bytes.NewReader(content), int64(len(content)), "", "", minio.PutObjectOptions{})
	return fetch.Location{URL: s.objectURL(key), VersionID: info.VersionID, ETag: info.ETag, Size: int64(len(content))}, err
}

// newStore makes a bucket and the store in it.
func newStore(t *testing.T, server *s3server.Server) scratch {
	t.Helper()
	return scratch{honours: honours(server), Store: open(t, Config{
		Endpoint:  server.Endpoint,
		Bucket:    server.NewBucket(t),
		AccessKey: server.AccessKey,
		SecretKey: Secret(server.SecretKey),
		PartSize:  minPartSize,
	})}
}

// open returns a store that the end of the test closes.
func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	for name, versioning := range map[string]bool{"Plain": false, "Versioned": true} {
		t.Run(name, func(t *testing.T) {
			server := s3server.Start(t, s3server.Config{Versioning: versioning})
			fetchtest.TestStore(t, func(t *testing.T) fetch.Store { return newStore(t, server) })
		})
	}
}
