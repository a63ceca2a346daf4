package fetch

import (
	"context"
	"io"
	"iter"
	"time"
)

// Store keeps immutable objects under keys. A key is a relative path with single slashes, such as
// ".pinfs/images/ab12/image"; keys are used as given and never cleaned.
//
// All methods may be called concurrently and honour ctx. Their errors match a Verdict: ErrNotFound,
// ErrConflict, ErrDenied, ErrUnavailable (worth a retry) or ErrOverwritten; an error without a
// verdict is not worth a retry.
type Store interface {
	// URL is the store's name, such as s3://bucket or file:///dir, without a slash at the end. An
	// object's URL is the store's, a slash and the key.
	URL() string

	// Stat returns where the newest object at key lies, in one request. ErrNotFound if there is none.
	Stat(ctx context.Context, key string) (Location, error)

	// Get returns the first n bytes (all of them if the object is shorter) of the newest object at
	// key and the object's whole identity, in one request: both are of the same version.
	Get(ctx context.Context, key string, n int64) ([]byte, Location, error)

	// Open returns a Source of the object at loc, without any request. Each read is pinned to loc's
	// version and ETag and fails with an OverwrittenError, never with other bytes, when the object
	// has changed. If loc has no ETag, the first answer fixes it for the life of the Source; loc's
	// Size must be right always. A URL outside this store is an error.
	Open(loc Location) (Source, error)

	// Create stores size bytes of body at key only if nothing is there: exactly one of any number
	// of concurrent calls wins, the others get ErrConflict and change nothing. The object is
	// visible completely or not at all. A nil error means durable.
	Create(ctx context.Context, key string, body io.ReaderAt, size int64) (Location, error)

	// List yields the objects whose key starts with prefix, in byte order of their keys, each with
	// its Location (VersionID may be missing). It ends after the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]

	// Remove deletes the newest object at key; removing what is not there succeeds.
	Remove(ctx context.Context, key string) error
}

// Entry is one object of a listing.
type Entry struct {
	Key string
	Location
	Modified time.Time // when it was stored, by the store's clock, which may be coarse: whole seconds
}
