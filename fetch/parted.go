package fetch

import (
	"context"
	"time"
)

// Parted is a Store that takes large objects in parts, which stay there when an upload does not end.
type Parted interface {
	Store

	// Unfinished returns the uploads in parts to keys below prefix that were begun and have not ended.
	Unfinished(ctx context.Context, prefix string) ([]Unfinished, error)

	// Abort ends an upload and removes its parts; one that has ended meanwhile is no error.
	Abort(ctx context.Context, u Unfinished) error
}

// Unfinished is an upload in parts.
type Unfinished struct {
	Key, ID string
	Begun   time.Time // by the store's clock
}
