package publish

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/integration/s3server"
)

// bucket is a store on a real server and somebody who overwrites things there.
type bucket struct {
	*s3.Store
	name   string
	client *minio.Client
}

func newBucket(t *testing.T, server *s3server.Server) bucket {
	t.Helper()
	b := bucket{name: server.NewBucket(t)}
	var err error
	b.Store, err = s3.New(s3.Config{Endpoint: server.Endpoint, Bucket: b.name, AccessKey: server.AccessKey, SecretKey: s3.Secret(server.SecretKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	b.client, err = minio.New(server.Endpoint[len("http://"):], &minio.Options{Creds: credentials.NewStaticV4(server.AccessKey, server.SecretKey, "")})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b bucket) put(t *testing.T, content []byte, said map[string]string) {
	t.Helper()
	_, err := b.client.PutObject(context.Background(), b.name, "PE/x", bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{UserMetadata: said})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAdoptOfRealObjects: an object that is overwritten in the middle gets no record, not even where the
// version that was read is still there.
func TestAdoptOfRealObjects(t *testing.T) {
	for name, versioning := range map[string]bool{"Plain": false, "Versioned": true} {
		t.Run(name, func(t *testing.T) {
			server := s3server.Start(t, s3server.Config{Versioning: versioning})
			first, second := fetchtest.Random(9<<20, 1), fetchtest.Random(9<<20, 2)
			a := adoption()

			b := newBucket(t, server)
			b.put(t, first, map[string]string{"md5sum": "0123456789abcdef0123456789abcdef"})
			if _, err := Adopt(t.Context(), b, a); !errors.Is(err, fetch.ErrCorrupt) {
				t.Errorf("an object with another md5sum: Adopt = %v, want corrupt", err)
			}

			b.put(t, first, nil)
			a.Check = func(context.Context, fetch.Source) error { b.put(t, second, nil); return nil }
			if _, err := Adopt(t.Context(), b, a); !errors.Is(err, fetch.ErrOverwritten) {
				t.Errorf("overwritten before it is read: Adopt = %v, want overwritten", err)
			}

			b.put(t, first, nil)
			a.Check = nil
			var done int64
			a.Progress = func(_ Phase, n, total int64) {
				if done += n; done == total {
					b.put(t, second, nil)
				}
			}
			if _, err := Adopt(t.Context(), b, a); !errors.Is(err, fetch.ErrOverwritten) {
				t.Errorf("overwritten after it was read: Adopt = %v, want overwritten", err)
			}
			for e, err := range b.List(t.Context(), ".pinfs/") {
				t.Errorf("left behind: %s, %v", e.Key, err)
			}

			a.Progress = nil
			r := adopt(t, b, a)
			wantReadable(t, b, r.Record)
			if got := r.Record.Locations[0]; (got.VersionID != "") != versioning || len(r.Agreed) != 1 { // a single PUT: the ETag is an MD5
				t.Errorf("Adopt = %+v, agreed %q", got, r.Agreed)
			}
		})
	}
}
