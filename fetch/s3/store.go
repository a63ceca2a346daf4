// Package s3 keeps images, manifests and records in an S3 bucket and reads them by version.
package s3

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/internal/wire"
)

// writeAnswerWithin leaves the server time to put the parts of a huge upload together.
const writeAnswerWithin = 10 * time.Minute

// Store is one bucket as a fetch.Store; make one with New and Close it after use.
type Store struct {
	cfg     Config // complete; without secrets
	wallet  wallet
	reads   *minio.Core
	writes  *minio.Core
	toClose [2]*http.Transport
}

var _ fetch.Store = (*Store)(nil)

// New returns the store in a bucket. It reads the credentials but sends nothing to the server.
func New(cfg Config) (*Store, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	roots, err := wire.LoadRoots(cfg.CAFile)
	if err != nil {
		return nil, err
	}
	s := &Store{toClose: [2]*http.Transport{wire.NewTransport(roots, cfg.Stall), wire.NewTransport(roots, writeAnswerWithin)}}
	s.toClose[0].ResponseHeaderTimeout = 0 // Impatient minds it, and says more
	if s.wallet, err = newWallet(cfg); err != nil {
		return nil, err
	}
	if s.reads, err = s.client(cfg, wire.Impatient(s.toClose[0], cfg.Stall)); err != nil {
		return nil, err
	}
	if s.writes, err = s.client(cfg, s.toClose[1]); err != nil {
		return nil, err
	}
	cfg.SecretKey, cfg.SessionToken = "", ""
	s.cfg = cfg
	return s, nil
}

// The client library makes a pause after each attempt that failed, the last one included, in which
// another source could have answered.
func init() { minio.DefaultRetryUnit = 0 }

func (s *Store) client(cfg Config, transport http.RoundTripper) (*minio.Core, error) {
	host, secure, err := cfg.endpoint()
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(host, &minio.Options{
		Creds:        s.wallet.Credentials,
		Secure:       secure,
		Transport:    noting{transport},
		Region:       cfg.Region,
		BucketLookup: minio.BucketLookupPath,
		MaxRetries:   1, // retries belong to callers, who know the deadline
	})
	if err != nil {
		return nil, fmt.Errorf("S3 endpoint %s: %w", cfg.Endpoint, err)
	}
	return core, nil
}

// Close closes the connections that no request uses. Calls under way are not disturbed.
func (s *Store) Close() error {
	for _, transport := range s.toClose {
		transport.CloseIdleConnections()
	}
	return nil
}

// Format prints the URL, whatever the verb: some verbs would follow the pointers to the secrets.
func (s *Store) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.URL()) }

// URL returns s3:// and the bucket.
func (s *Store) URL() string { return "s3://" + s.cfg.Bucket }

// Endpoint returns the URL of the server.
func (s *Store) Endpoint() string { return s.cfg.Endpoint }

func (s *Store) objectURL(key string) string { return s.URL() + "/" + key }

// Remove deletes the newest version of the object at key, and nothing but that: no delete marker
// is left, which would fill the bucket and, on some servers, block the key for ever. An older
// version, if there is one, becomes the newest.
func (s *Store) Remove(ctx context.Context, key string) error {
	if err := wire.CheckKey(key); err != nil {
		return err
	}
	return s.withCredentials(ctx, func(ctx context.Context) error {
		loc, err := s.locate(ctx, key)
		if err == nil {
			err = s.writes.RemoveObject(ctx, s.cfg.Bucket, key, minio.RemoveObjectOptions{VersionID: loc.VersionID})
		}
		if code := minio.ToErrorResponse(err).Code; code == minio.NoSuchKey || code == minio.NoSuchVersion {
			return nil
		}
		return s.explain("remove", s.objectURL(key), err)
	})
}
