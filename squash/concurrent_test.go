package squash_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestConcurrentReaders has many readers take in one Image with a cache that is far too small.
func TestConcurrentReaders(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	image := squashtest.Make(t, tree, "-comp", "lz4", "-b", "16K")
	want := squashtest.SnapshotImage(t, squashtest.Open(t, image, squash.Config{}))
	for _, cfg := range []squash.Config{{}, {CacheBytes: 300_000, Workers: 2}} {
		m := squashtest.Open(t, image, cfg)
		for i := range 6 {
			t.Run(fmt.Sprintf("cache %d reader %d", cfg.CacheBytes, i), func(t *testing.T) {
				t.Parallel()
				squashtest.Compare(t, squashtest.SnapshotImage(t, m), want)
			})
		}
	}
}

// oneFile returns the path of an image with one file of noise and its content.
func oneFile(t *testing.T, size int) (image string, content []byte) {
	t.Helper()
	content = make([]byte, size)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "file"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return squashtest.Make(t, tree, "-comp", "zstd"), content
}

// TestReadersShareOneLoad makes two readers want the same block: it is read once, and the first one's
// leaving does not disturb the second.
func TestReadersShareOneLoad(t *testing.T) {
	image, content := oneFile(t, 100_000)
	src := squashtest.OpenSource(t, image)
	var hold atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	src.Before = func(ctx context.Context, n int, off int64) error {
		if hold.CompareAndSwap(true, false) {
			close(held)
			select {
			case <-release:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	m, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	ino := inodeAt(t, m, "file")
	hold.Store(true)
	before := src.Reads()
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- read(ctx, m, ino, content) }()
	<-held
	second := make(chan error, 1)
	go func() { second <- read(t.Context(), m, ino, content) }()
	// The second may come before or after the first has left; both must end well.
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled reader got %v", err)
	}
	close(release)
	if err := <-second; err != nil {
		t.Errorf("the patient reader got %v", err)
	}
	if n := src.Reads() - before; n > 2 {
		t.Errorf("%d reads for one block", n)
	}
}

func read(ctx context.Context, m *squash.Image, ino *squash.Inode, want []byte) error {
	p := make([]byte, len(want))
	if _, err := m.ReadAt(ctx, ino, p, 0); err != nil {
		return err
	}
	if !bytes.Equal(p, want) {
		return errors.New("wrong bytes")
	}
	return nil
}

// TestReadAtOfManyBlocksIsCancelled makes sure that no part of a read outlives it.
func TestReadAtOfManyBlocksIsCancelled(t *testing.T) {
	image, content := oneFile(t, 4<<20)
	src := squashtest.OpenSource(t, image)
	ctx, cancel := context.WithCancel(t.Context())
	var armed atomic.Bool
	src.Before = func(readCtx context.Context, n int, off int64) error {
		if armed.Load() {
			cancel()
			<-readCtx.Done()
			return readCtx.Err()
		}
		return nil
	}
	m, err := squash.Open(t.Context(), src, squash.Config{CacheBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ino := inodeAt(t, m, "file")
	armed.Store(true)
	if err := read(ctx, m, ino, content); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAt = %v, want context.Canceled", err)
	}
	armed.Store(false)
	if err := read(t.Context(), m, ino, content); err != nil {
		t.Errorf("ReadAt afterwards = %v", err)
	}
}
