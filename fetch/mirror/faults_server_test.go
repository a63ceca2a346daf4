package mirror_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/integration/s3server"
)

// TestFaultsBeforeARealServer breaks the line to a server that does not lie.
func TestFaultsBeforeARealServer(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	runAll(t, []kind{{name: "versitygw", real: server, open: func(endpoint, bucket string, stall time.Duration) (store, error) {
		return s3.New(s3.Config{
			Endpoint: endpoint, Bucket: bucket, AccessKey: server.AccessKey, SecretKey: s3.Secret(server.SecretKey), Stall: stall,
		})
	}}}, []fault{cuts[0], cuts[3], cuts[6], cuts[7], silences[0], silences[2], silences[3], silences[4]})
}

// publish makes a site of a bucket of the real server of k.
func (k kind) publish(t *testing.T, p pinned, how setup) *site {
	t.Helper()
	s := &site{image: p.bytes, line: fetchtest.NewLine(t, strings.TrimPrefix(k.real.Endpoint, "http://"))}
	bucket := k.real.NewBucket(t)
	direct, err := k.open(k.real.Endpoint, bucket, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	loc, err := direct.(*s3.Store).Create(t.Context(), key, bytes.NewReader(p.bytes), int64(len(p.bytes)))
	if err != nil {
		t.Fatal(err)
	}
	s.at = loc
	s.open(t, k, how, bucket)
	return s
}
