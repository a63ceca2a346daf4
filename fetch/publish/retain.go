package publish

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/record"
)

// Retain keeps from being deleted until then what a record names below the store's own keys, and the record. It
// comes after the publication, because only then it is known what to keep, and can be repeated.
func Retain(ctx context.Context, store fetch.Retaining, r *record.Record, until time.Time) error {
	at, err := store.Stat(ctx, r.Key())
	if err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	all := []fetch.Location{at}
	for _, l := range append([]fetch.Location{r.Manifest}, r.Locations...) {
		if strings.HasPrefix(l.URL, store.URL()+"/"+record.ImagesPrefix) {
			all = append(all, l)
		}
	}
	for _, l := range all {
		if err := store.Retain(ctx, l, until); err != nil {
			return err
		}
	}
	return nil
}
