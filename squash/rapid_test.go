package squash_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// model is what an image was made of.
type model struct {
	files map[string][]byte   // by name in the top directory
	dirs  map[string][]string // names in a directory, in order
}

// makeModel makes files around the limits of 4 KiB blocks, and directories around those of a run and
// of a metadata block, with names that share beginnings.
func makeModel(t testing.TB) (m model, tree string) {
	t.Helper()
	m, tree = model{map[string][]byte{}, map[string][]string{}}, t.TempDir()
	r := rand.NewChaCha8([32]byte{3})
	for i, n := range []int{0, 1, 4095, 4096, 4097, 8192, 100_000, 512*4096 + 1, 3 << 20} {
		p := make([]byte, n)
		r.Read(p[n/3 : n/2]) // the rest are holes, at least for some blocks
		copy(p[n/2:], bytes.Repeat([]byte("squash"), n/12))
		m.files[fmt.Sprintf("file-%d", i)] = p
	}
	for _, n := range []int{0, 1, 2, 255, 256, 257, 600, 3000} {
		names := map[string]bool{}
		for len(names) < n {
			names[randomName(rand.New(r))] = true
		}
		m.dirs[fmt.Sprintf("dir-%d", n)] = slices.Sorted(maps.Keys(names))
	}
	m.write(t, tree)
	return m, tree
}

// randomName is made of few letters, so that names are alike, and of bytes at the ends of what may be.
func randomName(r *rand.Rand) string {
	b := make([]byte, 1+r.IntN(12)*r.IntN(20))
	for i := range b {
		b[i] = "ab\x01\xff"[r.IntN(4)]
	}
	return string(b)
}

func (m model) write(t testing.TB, tree string) {
	t.Helper()
	write := func(name string, p []byte) {
		if err := os.WriteFile(filepath.Join(tree, name), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, p := range m.files {
		write(name, p)
	}
	for dir, names := range m.dirs {
		if err := os.Mkdir(filepath.Join(tree, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			write(dir+"/"+name, nil)
		}
	}
}

// TestRandomReads compares reads of any bytes with the files that went into the image.
func TestRandomReads(t *testing.T) {
	want, tree := makeModel(t)
	names := slices.Sorted(maps.Keys(want.files))
	for _, args := range []string{"-b 4K", "-b 4K -no-fragments -comp lz4", "-b 64K -always-use-fragments -comp zstd", "-b 4K -noD -noF"} {
		t.Run(args, func(t *testing.T) {
			m := squashtest.Open(t, squashtest.Make(t, tree, strings.Fields(args)...), squash.Config{CacheBytes: 1 << 20})
			inodes := map[string]*squash.Inode{}
			for _, name := range names {
				inodes[name] = inodeAt(t, m, name)
			}
			rapid.Check(t, func(t *rapid.T) {
				for range 20 {
					name := rapid.SampledFrom(names).Draw(t, "name")
					off := offsets(len(want.files[name])).Draw(t, "off")
					n := rapid.OneOf(rapid.IntRange(0, 10_000), rapid.IntRange(0, 2<<20)).Draw(t, "n")
					checkRandomRead(t, m, inodes[name], want.files[name], off, n)
				}
			})
		})
	}
}

// offsets are those in and a little behind a file of n bytes: any, and around the ends of blocks.
func offsets(n int) *rapid.Generator[int] {
	nearEnds := rapid.Custom(func(t *rapid.T) int {
		return max(rapid.IntRange(0, n/4096+1).Draw(t, "block")*4096+rapid.IntRange(-3, 3).Draw(t, "from it"), 0)
	})
	return rapid.OneOf(rapid.IntRange(0, n+5000), rapid.Map(rapid.IntRange(0, n), func(k int) int { return n - k }), nearEnds)
}

func checkRandomRead(t *rapid.T, m *squash.Image, ino *squash.Inode, content []byte, off, n int) {
	content = content[min(off, len(content)):]
	content = content[:min(n, len(content))]
	p := make([]byte, n)
	if k, err := m.ReadAt(context.Background(), ino, p, int64(off)); err != nil || !bytes.Equal(p[:k], content) {
		t.Fatalf("ReadAt(%d bytes at %d of %d) = %d, %v, want the right %d", n, off, ino.Size, k, err, len(content))
	}
}

// TestRandomDirectories looks names up and lists from any position.
func TestRandomDirectories(t *testing.T) {
	want, tree := makeModel(t)
	m := squashtest.Open(t, squashtest.Make(t, tree), squash.Config{CacheBytes: 1 << 20})
	inodes, all := map[string]*squash.Inode{}, map[string][]squash.Entry{}
	for dir := range want.dirs {
		inodes[dir] = inodeAt(t, m, dir)
		all[dir] = list(t, m, inodes[dir])
	}
	dirs := slices.Sorted(maps.Keys(want.dirs))
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			dir := rapid.SampledFrom(dirs).Draw(t, "dir")
			checkRandomLookup(t, m, inodes[dir], want.dirs[dir], all[dir])
			checkListing(t, m, inodes[dir], want.dirs[dir], all[dir])
		}
	})
}

// checkRandomLookup looks up a name that is in dir, nearly in it or not.
func checkRandomLookup(t *rapid.T, m *squash.Image, dir *squash.Inode, names []string, all []squash.Entry) {
	name := rapid.StringOfN(rapid.SampledFrom([]rune("ab\x01z")), 0, 20, -1).Draw(t, "name")
	if len(names) > 0 && rapid.Bool().Draw(t, "there") {
		name = rapid.SampledFrom(names).Draw(t, "name") + rapid.SampledFrom([]string{"", "", "a", "\x01"}).Draw(t, "and")
	}
	i, there := slices.BinarySearch(names, name)
	e, err := m.Lookup(context.Background(), dir, name)
	if there && (err != nil || e != all[i]) || !there && !errors.Is(err, iofs.ErrNotExist) {
		t.Fatalf("Lookup(%q) = %+v, %v; it is there: %v", name, e, err, there)
	}
}

// checkListing lists a few entries from behind any one of all.
func checkListing(t *rapid.T, m *squash.Image, dir *squash.Inode, names []string, all []squash.Entry) {
	from := rapid.IntRange(0, len(all)).Draw(t, "from")
	n := rapid.IntRange(1, 300).Draw(t, "entries")
	pos := squash.DirPos(0)
	if from > 0 {
		pos = all[from-1].Next
	}
	var got []string
	err := m.ReadDir(context.Background(), dir, pos, func(e squash.Entry) bool {
		got = append(got, e.Name)
		return len(got) < n
	})
	if want := names[from:min(from+n, len(names))]; err != nil || !slices.Equal(got, want) {
		t.Fatalf("ReadDir(%d entries from %d) = %q, %v, want %q", n, from, got, err, want)
	}
}

// TestConcurrentMixture has goroutines do all there is to do with one image, some of them with a
// context that ends on the way.
func TestConcurrentMixture(t *testing.T) {
	want, tree := makeModel(t)
	m := squashtest.Open(t, squashtest.Make(t, tree, "-b", "4K", "-comp", "lz4"), squash.Config{CacheBytes: 500_000, Workers: 3})
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 9))
			for range 60 {
				ctx, cancel := context.WithCancel(t.Context())
				if r.IntN(4) == 0 {
					go cancel()
				}
				if err := want.try(ctx, m, r); err != nil && !(errors.Is(err, context.Canceled) && ctx.Err() != nil) {
					t.Errorf("goroutine %d: %v", i, err)
				}
				cancel()
			}
		})
	}
	all.Wait()
}

// try does one thing and compares what comes of it.
func (w model) try(ctx context.Context, m *squash.Image, r *rand.Rand) error {
	dirs := slices.Sorted(maps.Keys(w.dirs))
	name := dirs[r.IntN(len(dirs))]
	if r.IntN(2) == 0 {
		return w.tryRead(ctx, m, r)
	}
	ino, err := lookup(ctx, m, name)
	if err != nil {
		return err
	}
	var got []string
	err = m.ReadDir(ctx, ino, 0, func(e squash.Entry) bool {
		got = append(got, e.Name)
		return true
	})
	if err == nil && !slices.Equal(got, w.dirs[name]) {
		err = fmt.Errorf("%s has %d names, want %d", name, len(got), len(w.dirs[name]))
	}
	return err
}

func (w model) tryRead(ctx context.Context, m *squash.Image, r *rand.Rand) error {
	names := slices.Sorted(maps.Keys(w.files))
	name := names[r.IntN(len(names))]
	ino, err := lookup(ctx, m, name)
	if err != nil {
		return err
	}
	content, p := w.files[name], make([]byte, r.IntN(100_000))
	off := r.IntN(len(content) + 1)
	n, err := m.ReadAt(ctx, ino, p, int64(off))
	if err == nil && !bytes.Equal(p[:n], content[off:min(off+len(p), len(content))]) {
		err = fmt.Errorf("%s: %d bytes at %d are other ones", name, n, off)
	}
	return err
}

// lookup finds a name of the top directory, and the same inode by its number.
func lookup(ctx context.Context, m *squash.Image, name string) (*squash.Inode, error) {
	root, err := m.Inode(ctx, m.RootRef())
	if err != nil {
		return nil, err
	}
	e, err := m.Lookup(ctx, root, name)
	if err != nil {
		return nil, err
	}
	if ref, err := m.RefByNumber(ctx, e.Number); err != nil || ref != e.Ref {
		return nil, fmt.Errorf("RefByNumber(%d) = %#x, %w, want %#x", e.Number, ref, err, e.Ref)
	}
	return m.Inode(ctx, e.Ref)
}
