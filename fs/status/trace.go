package status

import (
	"context"
	"fmt"
	"net/http"
)

// Touched is what was read of an image, for a later mount to fetch ahead.
type Touched struct {
	Pin    string  `json:"pin"`
	Leaves []int64 `json:"leaves"` // those that opening it took, then the others in the order of their first use
}

// Step is what is asked of a trace.
type Step string

// Steps of a trace.
const (
	Begin Step = http.MethodPost // forget what was touched so far
	Look  Step = http.MethodGet
)

// Trace asks the mount at dir what was touched since the last Begin, or since it began. The error
// matches fetch.ErrNotFound if there is no mount.
func Trace(ctx context.Context, dir string, step Step) (Touched, error) {
	run, err := find(dir)
	if err != nil {
		return Touched{}, err
	}
	t, err := ask[Touched](ctx, run.Socket(), string(step), tracePath)
	if err != nil {
		return t, fmt.Errorf("the mount at %s does not answer: %w; see pinfs status %s", dir, err, dir)
	}
	return t, nil
}
