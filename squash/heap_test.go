package squash_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

const (
	manyDirs    = 9_700
	manyEntries = 68_000
	maxHeap     = 96 << 20 // bytes
)

// TestHeap walks through many small files and reads them all, more than the cache holds, and wants the
// heap, garbage included, to stay small all the while.
func TestHeap(t *testing.T) {
	src := squashtest.OpenSource(t, squashtest.MakeTar(t, manyFiles(t), "-c", "lz4"))
	var mu sync.Mutex // of highest
	var highest uint64
	sample := func() {
		n := heapBytes()
		mu.Lock()
		defer mu.Unlock()
		highest = max(highest, n)
	}
	src.Before = func(context.Context, int, int64) error { // where blocks are under way
		sample()
		return nil
	}
	runtime.GC() // of what other tests left
	m, err := squash.Open(t.Context(), src, squash.Config{})
	if err != nil {
		t.Fatal(err)
	}
	dirs, entries := readEverything(t, m, sample)
	if dirs != manyDirs || entries != manyEntries {
		t.Errorf("%d directories among %d entries, want %d among %d", dirs, entries, manyDirs, manyEntries)
	}
	t.Logf("the heap had at most %.1f MiB", float64(highest)/(1<<20))
	if highest >= maxHeap {
		t.Errorf("the heap had %d bytes, want less than %d", highest, maxHeap)
	}
}

// heapBytes returns what objects on the heap take, those included that the collector has yet to free.
func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// readEverything reads every directory and file of m and calls step after each; it returns how many
// directories and entries there are below the root.
func readEverything(t *testing.T, m *squash.Image, step func()) (dirs, entries int) {
	t.Helper()
	p := make([]byte, 64<<10)
	for todo := []squash.Ref{m.RootRef()}; len(todo) > 0; step() {
		ref := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		ino, err := m.Inode(t.Context(), ref)
		switch {
		case err != nil:
		case ino.IsRegular():
			_, err = m.ReadAt(t.Context(), ino, p, 0)
		case ino.IsDir():
			err = m.ReadDir(t.Context(), ino, 0, func(e squash.Entry) bool {
				entries++
				if e.Type == squash.ModeDir {
					dirs++
				}
				todo = append(todo, e.Ref)
				return true
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dirs, entries
}

// manyFiles returns a tar file of manyEntries in manyDirs, 200 MiB altogether.
func manyFiles(t *testing.T) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "many.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tar.NewWriter(f)
	add := func(h tar.Header, content []byte) {
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	const top = 100
	for i := range manyDirs {
		dir := fmt.Sprintf("%d", i%top)
		if i >= top {
			dir = fmt.Sprintf("%d/%d", i%top, i)
		}
		add(tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755}, nil)
		for j := i; j < manyEntries-manyDirs; j += manyDirs {
			content := bytes.Repeat(fmt.Appendf(nil, "%d %x\n", j, j*j*j), j%400)
			add(tar.Header{Name: fmt.Sprintf("%s/file-%d", dir, j), Typeflag: tar.TypeReg, Mode: 0o644}, content)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}
