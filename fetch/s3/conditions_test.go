package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/integration/s3server"
)

// conditions are where a server heeds If-None-Match: *, as AWS does everywhere.
type conditions struct {
	single bool // a PUT
	parts  bool // the completion of an upload in parts
	marker bool // a delete marker counts as nothing
}

// honours says what a server is known to heed. One that begins to heed more fails the tests as well: then
// it is time to change this table.
func honours(server *s3server.Server) conditions {
	switch server.Kind {
	case s3server.Ceph: // 16.2
		return conditions{single: !server.Versioning, marker: true}
	case s3server.MinIO:
		return conditions{single: true, parts: true, marker: true}
	default:
		return conditions{single: true, parts: true}
	}
}

// TestConditions sends what Create sends after it has looked and found nothing.
func TestConditions(t *testing.T) {
	for name, versioning := range map[string]bool{"Plain": false, "Versioned": true} {
		t.Run(name, func(t *testing.T) {
			server := s3server.Start(t, s3server.Config{Versioning: versioning})
			s := newStore(t, server)
			wantHeeded(t, "PUT", s.upload(small()).twice((*upload).single), s.honours.single)
			wantHeeded(t, "completion", s.upload(large()).twice((*upload).multipart), s.honours.parts)
			if versioning {
				wantHeeded(t, "PUT over a delete marker", s.overMarker(t), !s.honours.marker)
			}
		})
	}
}

// wantHeeded fails unless err is the refusal of a server that heeds the condition, or none of one that does
// not.
func wantHeeded(t *testing.T, request string, err error, heeded bool) {
	t.Helper()
	if heeded != errors.Is(err, fetch.ErrConflict) || !heeded && err != nil {
		t.Errorf("%s under the condition that nothing is there, where something is: %v; want it refused: %v", request, err, heeded)
	}
}

// upload is a Create of a new key.
func (s scratch) upload(content []byte) *upload {
	return &upload{store: s.Store, key: rand.Text(), body: bytes.NewReader(content), size: int64(len(content)), mark: rand.Text()}
}

// twice sends u two times and returns how the second one ended.
func (u *upload) twice(send func(*upload, context.Context) (minio.UploadInfo, error)) error {
	if _, err := send(u, context.Background()); err != nil {
		return errors.Join(errors.New("the first one failed"), err)
	}
	_, err := send(u, context.Background())
	return err
}

// overMarker sends an object where another one was deleted as people delete.
func (s scratch) overMarker(t *testing.T) error {
	t.Helper()
	u := s.upload(fetchtest.Random(10, 1))
	if _, err := u.single(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.writes.RemoveObject(t.Context(), s.cfg.Bucket, u.key, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := u.single(t.Context())
	return err
}
