package fetch

import "context"

// Source is random access to the bytes of one immutable object.
//
// ReadAt fills p completely from byte offset off or returns an error; a short read is never
// reported as success. A range that reaches past Size is a programmer's error and fails. It may be
// called concurrently, honours ctx, does not retain p and leaves p in an unspecified state when it
// fails. A retry is safe; it is worth while when the error is ErrUnavailable.
//
// What it returns is not verified unless the implementation says so.
type Source interface {
	ReadAt(ctx context.Context, p []byte, off int64) error
	Size() int64 // bytes, constant for the life of the Source
}
