package squash

import "context"

// Source is random access to the bytes of one immutable image.
//
// ReadAt fills p completely from byte offset off or returns an error; a short read is never
// reported as success. It may be called concurrently, honours ctx and does not retain p. Its errors
// come out of this package unchanged in the error chain.
type Source interface {
	ReadAt(ctx context.Context, p []byte, off int64) error
	Size() int64 // bytes, constant for the life of the Source
}
