package squash_test

import (
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// richImage returns an image of the rich tree.
func richImage(t testing.TB, args ...string) *squash.Image {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	return squashtest.Open(t, squashtest.Make(t, tree, args...), squash.Config{})
}

// TestFS runs the standard library's suite on what it can handle: it knows no names that are not
// UTF-8 or have a backslash, and wants each link to lead somewhere. It reads byte by byte, so what is
// large is left out.
func TestFS(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	squashtest.RichTree(t, tree)
	for _, remove := range []string{"names", "specials", "xattrs/fifo", "xattrs/device", "links/dangling", "links/absolute", "links/loop", "links/long", "links/bytes",
		"sizes/sparse", "sizes/hole", "sizes/text-1048575", "sizes/text-1048576", "sizes/text-1048577", "sizes/text-3145735", "sizes/noise-1048577"} {
		if err := os.RemoveAll(filepath.Join(tree, remove)); err != nil {
			t.Fatal(err)
		}
	}
	fsys := squashtest.Open(t, squashtest.Make(t, tree), squash.Config{}).FS(t.Context())
	if err := fstest.TestFS(fsys, "sizes/text-131073", "links/todir", "wide/entry-699", "links/dir/three", "empty"); err != nil {
		t.Error(err)
	}
}

func TestFSReadsContent(t *testing.T) {
	fsys := richImage(t, "-comp", "lz4").FS(t.Context())
	want, err := iofs.ReadFile(fsys, "sizes/half")
	if err != nil || len(want) != 400_000 {
		t.Fatalf("ReadFile: %d bytes, %v", len(want), err)
	}
	f, err := fsys.Open("sizes/half")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := iotest.TestReader(f, want); err != nil {
		t.Error(err)
	}
	if _, err := f.(io.Seeker).Seek(-1, io.SeekStart); !errors.Is(err, iofs.ErrInvalid) {
		t.Errorf("Seek(-1) = %v", err)
	}
}

func TestFSFollowsLinksInsideTheImage(t *testing.T) {
	fsys := richImage(t).FS(t.Context())
	for name, want := range map[string]string{
		"links/relative": "one content, three names", "links/up": "one content, three names",
		"links/todir/three": "one content, three names", "names/\xff\xfe not utf-8": "\xff\xfe not utf-8",
	} {
		if got, err := iofs.ReadFile(fsys, name); err != nil || string(got) != want {
			t.Errorf("ReadFile(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"links/absolute": "leads out of the image", "links/loop": "more than 40 symbolic links", "links/dangling": "does not exist",
		"links/one/x": "does not exist", "nothing": "does not exist", "../x": "invalid", "/links": "invalid", "links/": "invalid", "": "invalid",
	} {
		var perr *iofs.PathError
		if _, err := fsys.Open(name); !errors.As(err, &perr) || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want %q", name, err, want)
		}
	}
	if target, err := iofs.ReadLink(fsys, "links/absolute"); target != "/etc/hostname" || err != nil {
		t.Errorf("ReadLink = %q, %v", target, err)
	}
	if _, err := iofs.ReadLink(fsys, "links/one"); !errors.Is(err, iofs.ErrInvalid) {
		t.Errorf("ReadLink of a file = %v", err)
	}
}

func TestFileMode(t *testing.T) {
	fsys := richImage(t).FS(t.Context())
	for name, want := range map[string]string{
		"modes/4755": "urwxr-xr-x", "modes/2755": "grwxr-xr-x", "modes/sticky": "dtrwxrwxrwx", "modes/7777": "ugtrwxrwxrwx",
		"specials/null": "Dcrw-rw-rw-", "specials/loop": "Drw-rw----", "specials/fifo": "prw-r--r--", "specials/socket": "Srwxr-xr-x",
	} {
		info, err := iofs.Stat(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().String(); got != want {
			t.Errorf("mode of %s = %s, want %s", name, got, want)
		}
	}
	if _, err := iofs.ReadFile(fsys, "specials/null"); !errors.Is(err, iofs.ErrInvalid) {
		t.Errorf("ReadFile of a device = %v", err)
	}
}
