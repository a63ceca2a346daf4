package squash_test

import (
	"context"
	"sync"
)

// failAfter lets *left reads pass and fails the one behind them.
func failAfter(left *int, err error) func(context.Context, int, int64) error {
	var mu sync.Mutex // guards *left
	return func(context.Context, int, int64) error {
		mu.Lock()
		defer mu.Unlock()
		*left--
		if *left == -1 {
			return err
		}
		return nil
	}
}
