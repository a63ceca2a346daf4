package fetch

import (
	"context"
	"time"
)

// Retaining is a Store that can be told to keep an object from being deleted until a time, as S3's object lock
// does. Who may lift that is the store's business.
type Retaining interface {
	Store

	// CanRetain fails unless Retain can work in this store.
	CanRetain(ctx context.Context) error

	// Retain keeps the object at loc at least until then, in its version if it has one. What is kept for
	// longer stays as it is.
	Retain(ctx context.Context, loc Location, until time.Time) error
}
