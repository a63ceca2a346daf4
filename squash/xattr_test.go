package squash_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestManyLargeXattrs wants a file's attributes whatever they take together: the kernel shows them all.
func TestManyLargeXattrs(t *testing.T) {
	const n, size = 80, 60_000
	pax := map[string]string{}
	for i := range n {
		pax[fmt.Sprintf("SCHILY.xattr.user.a%02d", i)] = fmt.Sprintf("%0*d", size, i)
	}
	archive := paxArchive(t, "file", pax)
	image := filepath.Join(t.TempDir(), "image")
	c := exec.Command("sqfstar", "-quiet", "-no-progress", "-comp", "lz4", image)
	c.Stdin = archive
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("sqfstar: %v\n%s", err, out)
	}
	compareWithKernel(t, image)
	m := squashtest.Open(t, image, squash.Config{})
	ino := inodeAt(t, m, "file")
	names, err := m.XattrNames(t.Context(), ino)
	if err != nil || len(names) != n {
		t.Fatalf("XattrNames = %d names, %v, want %d", len(names), err, n)
	}
	for i, name := range names {
		value, found, err := m.Xattr(t.Context(), ino, name)
		if want := pax["SCHILY.xattr."+name]; string(value) != want || !found || err != nil {
			t.Errorf("Xattr(%q), number %d = %d bytes, %v, %v, want the right %d", name, i, len(value), found, err, len(want))
		}
	}
}

// paxArchive is a tar archive of one empty file with records that are too large for archive/tar, which
// writes the header of a file of that size instead; its type is patched.
func paxArchive(t *testing.T, name string, records map[string]string) *bytes.Buffer {
	t.Helper()
	var body bytes.Buffer
	for key, value := range records {
		n := len(key) + len(value) + 3 // with blank, equals sign and newline
		n += len(strconv.Itoa(n + len(strconv.Itoa(n))))
		fmt.Fprintf(&body, "%d %s=%s\n", n, key, value)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "records", Size: int64(body.Len()), Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	header := archive.Bytes()[:512]
	sum, err := strconv.ParseInt(strings.Trim(string(header[148:156]), "\x00 "), 8, 32)
	if err != nil {
		t.Fatal(err)
	}
	sum += 'x' - int64(header[156])
	header[156] = 'x'
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	if _, err := w.Write(body.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &archive
}
