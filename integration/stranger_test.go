package integration

import (
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/pinfs/pinfs/integration/s3server"
)

// stranger is an S3 client that knows nothing of pinfs: what people and other tools do to a bucket.
func stranger(t testing.TB, server *s3server.Server) *minio.Client {
	t.Helper()
	client, err := minio.New(server.Endpoint[len("http://"):], &minio.Options{
		Creds: credentials.NewStaticV4(server.AccessKey, server.SecretKey, ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
