package integration

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
	"github.com/pinfs/pinfs/squash/squashtest"
)

// TestIncident replays what pinfs exists for. Release A is in use on two workers, each of which has read
// another part of it, when release B, of the same size, is uploaded over its key. Workers that mount the
// bucket with s3fs and the image over a loop device then serve files that nobody published, each worker
// others. Workers that mount it with pinfs, from the same bucket and at the same time, do not.
func TestIncident(t *testing.T) {
	a, b := newRelease(t), newRelease(t)
	var rows []served
	for _, bucket := range []string{"unversioned", "versioned"} {
		t.Run(bucket, func(t *testing.T) {
			i := newIncident(t, a, b, bucket)
			workers := append(i.s3fsWorkers(t), i.pinfsWorkers(t)...)
			i.overwrite(t, b.image)
			dropCaches(t)
			seen := i.look(t, workers)
			mixed(t, seen[:2])
			for _, s := range seen[2:] {
				i.neverMixed(t, s)
			}
			rows = append(rows, seen...)
		})
	}
	t.Log(table(rows))
}

// incident is a bucket in which A is about to be overwritten.
type incident struct {
	published
	u      *user
	bucket string // what kind
	a, b   release
}

func newIncident(t *testing.T, a, b release, bucket string) incident {
	t.Helper()
	server := s3server.Start(t, s3server.Config{Versioning: bucket == "versioned"})
	u := s3User(t, server)
	return incident{publishImage(t, u, server, a.image), u, bucket, a, b}
}

// worker is a node that serves one image.
type worker struct {
	stack string
	name  string
	dir   string              // where the image's files are
	image func() (sum, error) // the md5 of the whole image, as far as it can be read
	state func() string       // what it says of itself
}

// s3fsWorkers have the image mounted. Worker 1 has read a file, worker 2 the first 8 MiB of the image,
// which it keeps open, as an iSCSI target does.
func (i incident) s3fsWorkers(t *testing.T) []worker {
	t.Helper()
	var workers []worker
	for _, name := range []string{"1", "2"} {
		image := filepath.Join(s3fs(t, i.server, i.published.bucket), i.key)
		if name == "2" {
			readStart(t, image, 8<<20)
		}
		workers = append(workers, worker{
			stack: "s3fs", name: name, dir: squashtest.Mount(t, image),
			image: func() (sum, error) { return sumOf(image) },
			state: func() string { return "-" },
		})
	}
	i.readFile(t, workers[0].dir)
	return workers
}

// pinfsWorkers have the image mounted and read a file.
func (i incident) pinfsWorkers(t *testing.T) []worker {
	t.Helper()
	var workers []worker
	for _, name := range []string{"1", "2"} {
		dir := i.u.mount(i.ref)
		i.readFile(t, dir)
		workers = append(workers, worker{
			stack: "pinfs", name: name, dir: dir,
			image: i.verified,
			state: func() string { return i.u.status(dir).State },
		})
	}
	return workers
}

// verified is the md5 of A if pinfs reads the whole image and finds each byte to be A's: a mount has the
// files of an image, not the image.
func (i incident) verified() (sum, error) {
	r := i.u.run("verify", i.ref)
	switch r.code {
	case 0:
		return i.a.whole, nil
	case overwritten:
		return sum{}, syscall.EIO
	}
	return sum{}, errors.New(r.stderr)
}

func (i incident) readFile(t *testing.T, dir string) {
	t.Helper()
	const name = "pe060.so"
	if got, err := sumOf(filepath.Join(dir, name)); err != nil || got != i.a.files[name] {
		t.Fatalf("%s before the overwrite: %x, %v", name, got, err)
	}
}

// readStart reads the first n bytes of a file and keeps it open until the test ends.
func readStart(t *testing.T, name string, n int64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := io.CopyN(io.Discard, f, n); err != nil {
		t.Fatal(err)
	}
}

// served is what one worker served after the overwrite.
type served struct {
	bucket, stack, worker string
	image                 string         // whose md5 it has
	files                 map[string]int // how many have the md5 of whom
	state                 string
}

// The owners of an md5.
const (
	ofA       = "A"
	ofB       = "B"
	ofNobody  = "neither"
	ofNothing = "EIO"
)

// look reads everything on each worker.
func (i incident) look(t *testing.T, workers []worker) (all []served) {
	t.Helper()
	for _, w := range workers {
		whole, err := w.image()
		s := served{bucket: i.bucket, stack: w.stack, worker: w.name, files: map[string]int{}}
		if s.image = owner(t, whole, err, i.a.whole, i.b.whole); s.image == ofNobody {
			s.image += fmt.Sprintf(" %x", whole[:4])
		}
		for name := range i.a.files {
			got, err := sumOf(filepath.Join(w.dir, name))
			s.files[owner(t, got, err, i.a.files[name], i.b.files[name])]++
		}
		s.state = w.state()
		all = append(all, s)
	}
	return all
}

// owner says whose sum it is.
func owner(t *testing.T, got sum, err error, a, b sum) string {
	t.Helper()
	switch {
	case errors.Is(err, syscall.EIO):
		return ofNothing
	case err != nil:
		t.Errorf("a read ends with %v, want md5 or EIO", err)
		return ofNothing
	case got == a:
		return ofA
	case got == b:
		return ofB
	}
	return ofNobody
}

// mixed holds the replay to what happened: if the stack of today served right bytes here, nothing would
// have been shown.
func mixed(t *testing.T, workers []served) {
	t.Helper()
	broken := 0
	for _, s := range workers {
		broken += s.files[ofNobody] + s.files[ofNothing]
	}
	if first, second := workers[0].image, workers[1].image; broken == 0 || first == second && first != ofNothing {
		t.Errorf("s3fs: images %s and %s, %d files that are neither A's nor B's; want different images and such files",
			first, second, broken)
	}
}

// neverMixed holds pinfs to its guarantee.
func (i incident) neverMixed(t *testing.T, s served) {
	t.Helper()
	if s.files[ofB]+s.files[ofNobody] > 0 || s.image != ofA && s.image != ofNothing {
		t.Errorf("pinfs, worker %s: image %s, files %v; want the published bytes or EIO", s.worker, s.image, s.files)
	}
	expected, state := s.files[ofNothing] > 0 && s.image == ofNothing, string(fetch.ErrOverwritten)
	if i.bucket == "versioned" {
		expected, state = s.files[ofA] == len(i.a.files) && s.image == ofA, status.Serving
	}
	if !expected || s.state != state {
		t.Errorf("pinfs, worker %s, %s bucket: image %s, files %v, state %s; want state %s",
			s.worker, i.bucket, s.image, s.files, s.state, state)
	}
}

// table shows both stacks side by side.
func table(rows []served) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nbucket\tstack\tworker\timage's md5\tfiles: A\tB\tneither\tEIO\tstate")
	for _, s := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", s.bucket, s.stack, s.worker, s.image,
			s.files[ofA], s.files[ofB], s.files[ofNobody], s.files[ofNothing], s.state)
	}
	w.Flush()
	return text.String()
}
