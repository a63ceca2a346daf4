package verify

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
)

// TestHashBlocksAreReadAhead reads an image in order: each hash block but the first is there before the
// first leaf below it is asked for, and none is read twice.
func TestHashBlocksAreReadAhead(t *testing.T) {
	const small, perBlock = 4 << 10, 128 // a leaf of 4 KiB, and the hashes in a block of that
	b := make([]byte, 5*perBlock*small)
	rand.NewChaCha8([32]byte{1}).Read(b)
	built, err := manifest.Build(t.Context(), bytes.NewReader(b), manifest.BuildConfig{LeafSize: small})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		image, file := &bytesSource{b: b}, &bytesSource{b: built.Bytes()}
		at := fetch.Location{URL: "test://image"}
		o := New(built.Manifest, at, NewRemote(built.Manifest, image, file, at, at), Config{RunBytes: 8 * small})
		for off := int64(0); off < int64(len(b)); off += small {
			before := file.calls()
			if err := o.ReadAt(context.Background(), make([]byte, small), off); err != nil {
				t.Fatal(err)
			}
			late := file.calls() > before && off%(perBlock*small) == 0 && off > 0
			if synctest.Wait(); late {
				t.Errorf("the hash block above leaf %d was read when the leaf was", off/small)
			}
		}
		if n := file.calls(); n != 1+5 {
			t.Errorf("%d reads of the manifest, want the root and five hash blocks", n)
		}
		o.Close()
	})
}
