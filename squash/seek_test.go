package squash_test

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestSeek finds holes and data where they are, and where the kernel finds them, if it looks: Linux 6.17
// and later do.
func TestSeek(t *testing.T) {
	const block = 4096
	tree := t.TempDir()
	writeFile(t, filepath.Join(tree, "sparse"), 9*block+100, map[int64][]byte{3*block + 7: []byte("x"), 5 * block: []byte("y"), 9 * block: []byte("z")})
	writeFile(t, filepath.Join(tree, "hole"), 6*block, nil)
	writeFile(t, filepath.Join(tree, "long"), 5000*block, map[int64][]byte{4000 * block: []byte("x")})
	writeFile(t, filepath.Join(tree, "dense"), 10, map[int64][]byte{0: []byte("0123456789")})
	writeFile(t, filepath.Join(tree, "empty"), 0, nil)
	image := squashtest.Make(t, tree, "-b", "4K", "-comp", "gzip")
	m, mounted := squashtest.Open(t, image, squash.Config{}), squashtest.Mount(t, image)
	looks := squashtest.Seek(t, filepath.Join(mounted, "hole"), 0, unix.SEEK_DATA) == none
	for _, tt := range []struct {
		name            string
		off, data, hole int64
	}{
		{"sparse", 0, 3 * block, 0}, {"sparse", 1, 3 * block, 1}, {"sparse", 3*block + 9, 3*block + 9, 4 * block},
		{"sparse", 4*block + 1, 5 * block, 4*block + 1}, {"sparse", 6 * block, 9 * block, 6 * block},
		{"sparse", 9 * block, 9 * block, 9*block + 100}, {"sparse", 9*block + 99, 9*block + 99, 9*block + 100},
		{"sparse", 9*block + 100, none, none}, {"sparse", -1, none, none},
		{"hole", 0, none, 0}, {"hole", 5 * block, none, 5 * block},
		{"long", 0, 4000 * block, 0}, {"long", 4000 * block, 4000 * block, 4001 * block}, {"long", 4001 * block, none, 4001 * block},
		{"dense", 3, 3, 10}, {"empty", 0, none, none},
	} {
		ino := inodeAt(t, m, tt.name)
		got, err := m.SeekData(t.Context(), ino, tt.off)
		checkSeek(t, tt.name+": data", tt.off, got, err, tt.data)
		got, err = m.SeekHole(t.Context(), ino, tt.off)
		checkSeek(t, tt.name+": hole", tt.off, got, err, tt.hole)
		for whence, want := range map[int]int64{unix.SEEK_DATA: tt.data, unix.SEEK_HOLE: tt.hole} {
			if got := squashtest.Seek(t, filepath.Join(mounted, tt.name), tt.off, whence); looks && got != want {
				t.Errorf("%s: the kernel finds %d from %d on, want %d", tt.name, got, tt.off, want)
			}
		}
	}
}

// none is squashtest.Seek's, and stands for ErrNoData.
const none = -1

func checkSeek(t *testing.T, what string, off, got int64, err error, want int64) {
	t.Helper()
	if want == none {
		if !errors.Is(err, squash.ErrNoData) {
			t.Errorf("%s from %d on = %d, %v, want ErrNoData", what, off, got, err)
		}
		return
	}
	if err != nil || got != want {
		t.Errorf("%s from %d on = %d, %v, want %d", what, off, got, err, want)
	}
}
