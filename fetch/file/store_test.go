package file

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// scratch is a Store that a foreign program can write to.
type scratch struct{ *Store }

func newStore(t *testing.T) scratch {
	t.Helper()
	s, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return scratch{s}
}

func (s scratch) path(key string) string { return filepath.Join(s.dir, key) }

// Overwrite writes into the file that is there.
func (s scratch) Overwrite(ctx context.Context, key string, content []byte) (fetch.Location, error) {
	if err := os.Chmod(s.path(key), 0o644); err != nil {
		return fetch.Location{}, err
	}
	if err := os.WriteFile(s.path(key), content, 0o644); err != nil {
		return fetch.Location{}, err
	}
	return s.Stat(ctx, key)
}

func (s scratch) put(t *testing.T, key string, content []byte) fetch.Location {
	t.Helper()
	loc, err := s.Create(t.Context(), key, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestContract(t *testing.T) {
	fetchtest.TestStore(t, func(t *testing.T) fetch.Store { return newStore(t) })
}

// TestContractOfRenames runs the suite with overwrites that put a new file in the old one's place.
func TestContractOfRenames(t *testing.T) {
	fetchtest.TestStore(t, func(t *testing.T) fetch.Store { return newStore(t).Store })
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, filepath.Join(dir, "missing")} {
		if _, err := New(path); !errors.Is(err, fetch.ErrNotFound) {
			t.Errorf("New(%s) = %v, want ErrNotFound", path, err)
		}
	}
	s, err := New("/")
	if err != nil || s.URL() != "file://" || s.objectURL("etc/x") != "file:///etc/x" {
		t.Errorf("New(/) = %v, %v, want the URL file://", s, err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("New left %v in the directory, %v", names, err)
	}
}

// TestKeepsReadingAfterChmod: what changes no byte must not invalidate what was published.
func TestKeepsReadingAfterChmod(t *testing.T) {
	s, content := newStore(t), fetchtest.Random(1000, 1)
	loc := s.put(t, "object", content)
	if err := errors.Join(os.Chmod(s.path("object"), 0o600), os.Link(s.path("object"), s.path("backup"))); err != nil {
		t.Fatal(err)
	}
	src, err := s.Open(loc)
	if err != nil {
		t.Fatal(err)
	}
	fetchtest.TestSource(t, src, content)
}

// TestChangeDuringRead: the check after a read notices what the check before could not.
func TestChangeDuringRead(t *testing.T) {
	s := newStore(t)
	s.put(t, "object", fetchtest.Random(1000, 1))
	f, err := s.open(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.Overwrite(t.Context(), "object", fetchtest.Random(1000, 2)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(s.path("object"), time.Time{}, time.Unix(f.id.mtime.Unix())); err != nil {
		t.Fatal(err)
	}
	if err := f.read(make([]byte, 10), 0); err != nil {
		t.Errorf("read with the modification time set back = %v, want another attempt to succeed", err)
	}
	if _, err := s.Overwrite(t.Context(), "object", fetchtest.Random(1000, 3)); err != nil {
		t.Fatal(err)
	}
	if err := f.read(make([]byte, 10), 0); !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("read of a file that was written since = %v, want ErrUnavailable", err)
	}
}

func TestCopiedDirectory(t *testing.T) {
	s, content := newStore(t), fetchtest.Random(1000, 1)
	s.put(t, ".pinfs/images/ab/image", content)
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	twin, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, loc, err := twin.Get(t.Context(), ".pinfs/images/ab/image", 1<<20)
	if err != nil || !bytes.Equal(got, content) || !strings.HasPrefix(loc.URL, "file://"+dir) {
		t.Errorf("Get from the copy = %d bytes at %+v, %v, want %d bytes", len(got), loc, err, len(content))
	}
}

func TestLinksStayInside(t *testing.T) {
	s := newStore(t)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.put(t, "dir/object", []byte("inside"))
	for name, target := range map[string]string{
		"inside": "dir/object", "escape": outside, "updir": "..", "dangling": "nothing", "loop": "loop",
	} {
		if err := os.Symlink(target, s.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, err := s.Get(t.Context(), "inside", 10); err != nil || string(got) != "inside" {
		t.Errorf("Get through an inner link = %q, %v", got, err)
	}
	for _, key := range []string{"escape", "updir/" + filepath.Base(s.dir) + "/dir/object", "loop"} {
		if got, _, err := s.Get(t.Context(), key, 10); err == nil {
			t.Errorf("Get(%q) = %q, want an error", key, got)
		}
	}
	var keys []string
	for e, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	if strings.Join(keys, " ") != "dir/object inside" {
		t.Errorf("List = %q, want dir/object and inside", keys)
	}
	for _, key := range []string{"updir/x", "updir/a/b"} {
		if _, err := s.Create(t.Context(), key, strings.NewReader("x"), 1); err == nil {
			t.Errorf("Create(%q) through a link that leads outside succeeds", key)
		}
	}
	if err := s.Remove(t.Context(), "updir/"+filepath.Base(s.dir)+"/dir/object"); err == nil {
		t.Error("Remove through a link that leads outside succeeds")
	}
}

// TestFifo: what is no regular file is not there, and no call waits for it.
func TestFifo(t *testing.T) {
	s := newStore(t)
	if err := syscall.Mkfifo(s.path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "fifo"); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("Stat of a fifo = %v, want ErrNotFound", err)
	}
	if _, err := s.Create(t.Context(), "fifo", strings.NewReader("x"), 1); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Create over a fifo = %v, want ErrConflict", err)
	}
	for e, err := range s.List(t.Context(), "") {
		t.Errorf("List yields %v, %v", e, err)
	}
}

func TestCreateBelowAnObject(t *testing.T) {
	s := newStore(t)
	s.put(t, "a", []byte("x"))
	if _, err := s.Create(t.Context(), "a/b", strings.NewReader("x"), 1); !errors.Is(err, fetch.ErrConflict) {
		t.Errorf("Create below an object = %v, want ErrConflict", err)
	}
}

// TestDebris: unfinished uploads are invisible and go away with time, and finished ones leave none.
func TestDebris(t *testing.T) {
	s := newStore(t)
	s.put(t, "first", []byte("x"))
	for name, age := range map[string]time.Duration{"old": staleAfter + time.Hour, "new": time.Hour} {
		path := s.path(tempDir + "/" + name)
		when := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	s.put(t, "second", []byte("y"))
	left, err := os.ReadDir(s.path(tempDir))
	if err != nil || len(left) != 1 || left[0].Name() != "new" {
		t.Errorf("left in %s: %v, %v, want only the new file", tempDir, left, err)
	}
	for e, err := range s.List(t.Context(), ".pinfs/") {
		t.Errorf("List yields %v, %v", e, err)
	}
	if _, err := s.Stat(t.Context(), tempDir+"/new"); err == nil {
		t.Error("an unfinished upload is visible")
	}
}

func TestRemovePrunes(t *testing.T) {
	s := newStore(t)
	s.put(t, ".pinfs/images/ab/image", nil)
	s.put(t, "PE/image", nil)
	for _, key := range []string{".pinfs/images/ab/image", "PE/image"} {
		if err := s.Remove(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(s.path(".pinfs/images")); err == nil {
		t.Error("an empty directory is left below .pinfs")
	}
	if _, err := os.Stat(s.path("PE")); err != nil {
		t.Errorf("a directory of the user's is gone: %v", err)
	}
}

func BenchmarkReadAt(b *testing.B) {
	s, err := New(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	const size, n = 64 << 20, 128 << 10
	loc, err := s.Create(b.Context(), "key", bytes.NewReader(fetchtest.Random(size, 1)), size)
	if err != nil {
		b.Fatal(err)
	}
	src, err := s.Open(loc)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(n)
	p := make([]byte, n)
	for i := int64(0); b.Loop(); i++ {
		if err := src.ReadAt(b.Context(), p, i*n%size); err != nil {
			b.Fatal(err)
		}
	}
}
