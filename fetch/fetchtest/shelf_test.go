package fetchtest

import (
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestShelf(t *testing.T) {
	TestStore(t, func(*testing.T) fetch.Store { return new(Shelf) })
}
