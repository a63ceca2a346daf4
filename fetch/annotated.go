package fetch

import (
	"context"
	"io"
)

// Annotated is a Store that keeps what people say of an object beside it, as S3 does with user
// metadata. Names are lower-case letters, digits and dashes, values printable ASCII; together they are
// less than 2 KiB. What is said there is nobody's proof.
type Annotated interface {
	Store

	// Metadata returns what is said beside the object at loc, in one request that is pinned as a read
	// is: an OverwrittenError if that is another object by now.
	Metadata(ctx context.Context, loc Location) (map[string]string, error)

	// CreateWith is Create of an object with metadata beside it.
	CreateWith(ctx context.Context, key string, body io.ReaderAt, size int64, metadata map[string]string) (Location, error)
}
