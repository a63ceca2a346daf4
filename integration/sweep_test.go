package integration

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/integration/s3server"
)

// sweep has `pinfs publish` talk to a server through a tap, again and again, with something that happens
// at the first request, the second, and so on.
type sweep struct {
	t       *testing.T
	server  *s3server.Server
	tap     *tap
	through *user // by the tap
	direct  *user
	bucket  string
	dir     string // of the images
	size    int    // of an image, bytes
	made    int    // images and names so far
}

const (
	sweepLease = "3s" // the shortest there is
	// sweepTries, one a second, is how often a publisher comes back who was told that somebody else is at
	// work: more than a lease by the clock of any server.
	sweepTries = 30
	// sampled is about how many requests of a run are swept if not all of them are to be.
	sampled = 3
)

// sweeps runs a test in a bucket with versions and one without.
func sweeps(t *testing.T, test func(s *sweep)) {
	for _, versioning := range []bool{false, true} {
		t.Run(fmt.Sprintf("versioning %v", versioning), func(t *testing.T) { test(newSweep(t, versioning)) })
	}
}

func newSweep(t *testing.T, versioning bool) *sweep {
	t.Helper()
	return newSweepOf(t, s3server.Start(t, s3server.Config{Versioning: versioning}))
}

func newSweepOf(t *testing.T, server *s3server.Server) *sweep {
	t.Helper()
	s := &sweep{t: t, server: server, tap: newTap(t, server.Endpoint), bucket: server.NewBucket(t), dir: t.TempDir(), size: 300_000}
	s.direct = s3User(t, server)
	s.through = s3User(t, server, "PINFS_S3_ENDPOINT="+s.tap.URL)
	return s
}

// fresh has publishers find out what the bucket honours as if they had never been here.
func (s *sweep) fresh() { s.through.env = append(s.through.env, "XDG_CACHE_HOME=/dev/null") }

func (s *sweep) store() string { return "s3://" + s.bucket }

// image makes a file that no store has.
func (s *sweep) image(size int) (name, pin string) {
	s.t.Helper()
	s.made++
	name = filepath.Join(s.dir, fmt.Sprintf("image%d", s.made))
	write(s.t, name, size)
	built, err := manifest.Build(s.t.Context(), bytes.NewReader(content(s.t, name)), manifest.BuildConfig{})
	if err != nil {
		s.t.Fatal(err)
	}
	return name, built.Pin().String()
}

// attempt is one publication that something happens to.
type attempt struct {
	*sweep
	ref        string // of the name, without a pin
	image, pin string // that are to be published
	old        string // pin that the name has before, "" if it is new
}

// attempt makes an image, and a name that has another one already if moves.
func (s *sweep) attempt(moves bool) *attempt {
	s.t.Helper()
	a := &attempt{sweep: s}
	a.image, a.pin = s.image(s.size)
	a.ref = fmt.Sprintf("%s/PE/n%d", s.store(), s.made)
	if moves {
		var old string
		old, a.old = s.image(1000)
		s.direct.ok("publish", old, a.ref)
	}
	return a
}

// args publish an image that is to follow what has the pin expect.
func (a *attempt) args(image, expect string) []string {
	args := []string{"publish", "--lease", sweepLease, image, a.ref}
	if expect != "" {
		args = append(args, "--replace", "--expect", expect)
	}
	return args
}

// command publishes through the tap.
func (a *attempt) command() *exec.Cmd {
	a.t.Helper()
	c := exec.Command(binary, a.args(a.image, a.old)...)
	c.Env = a.through.env
	return c
}

// pinNow returns what the name stands for, having verified that: it must be one of the pins it can have.
// "" is no such name.
func (a *attempt) pinNow(what string, others ...string) string {
	a.t.Helper()
	r := a.direct.run("resolve", a.ref)
	if r.code == notFound && a.old == "" {
		return ""
	}
	if r.code != 0 {
		a.t.Fatalf("%s: resolve: exit %d, %s", what, r.code, r.stderr)
	}
	ref := strings.TrimSpace(r.stdout)
	_, pin, _ := strings.Cut(ref, "@")
	for _, may := range append(others, a.old, a.pin) {
		if pin == may {
			a.direct.ok("verify", ref)
			return pin
		}
	}
	a.t.Fatalf("%s: the name stands for %s, want %s or %q", what, pin, a.pin, a.old)
	return ""
}

// revisions counts the records of the name.
func (a *attempt) revisions() int { return len(a.keys(".pinfs/names/")) }

// intents are announced uploads to the name.
func (a *attempt) intents() []string { return a.keys(".pinfs/uploads/") }

func (a *attempt) keys(prefix string) (keys []string) {
	a.t.Helper()
	_, name, _ := strings.Cut(a.ref, a.store()+"/")
	return listing(a.t, a.server, a.bucket, prefix+name+"/")
}

// listing are the keys that begin with prefix.
func listing(t testing.TB, server *s3server.Server, bucket, prefix string) (keys []string) {
	t.Helper()
	opts := minio.ListObjectsOptions{Prefix: prefix, Recursive: true}
	for o := range stranger(t, server).ListObjects(context.Background(), bucket, opts) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// unfinished are the keys of uploads in parts that nobody has ended.
func (s *sweep) unfinished() (keys []string) {
	s.t.Helper()
	for u := range stranger(s.t, s.server).ListIncompleteUploads(context.Background(), s.bucket, "", true) {
		if u.Err != nil {
			s.t.Fatal(u.Err)
		}
		keys = append(keys, u.Key)
	}
	return keys
}

// insist publishes until nobody else counts as being at work on the name, and returns how often it was
// told so.
func (a *attempt) insist(what, image, expect string) (told int) {
	a.t.Helper()
	for ; ; told++ {
		r := a.direct.run(a.args(image, expect)...)
		switch {
		case r.code == 0:
			return told
		case r.code != conflict || !strings.Contains(r.stderr, "is being published") || told == sweepTries:
			a.t.Fatalf("%s: the next publication: exit %d, %s", what, r.code, r.stderr)
		}
		time.Sleep(time.Second) // the store tells times in seconds; nothing else tells of the end of a lease
	}
}

// recovers checks that what happened to a, whose name stands for now, is history: the same publisher comes
// back, or another one with another image does, and then nothing is left of any of them.
func (a *attempt) recovers(what, now string, another bool) (told int) {
	a.t.Helper()
	image, pin := a.image, a.pin
	if another {
		image, pin = a.sweep.image(1000)
	}
	told = a.insist(what, image, now)
	if got := a.pinNow(what, pin); got != pin {
		a.t.Errorf("%s: the name stands for %s after the next publication of %s", what, got, pin)
	}
	last, lastPin := a.sweep.image(1000)
	told += a.insist(what, last, pin)
	if got := a.pinNow(what, lastPin); got != lastPin {
		a.t.Errorf("%s: the name stands for %s after the last publication of %s", what, got, lastPin)
	}
	if left := a.intents(); len(left) > 0 {
		a.t.Errorf("%s: left behind are %q", what, left)
	}
	return told
}

// requests counts those of a publication to which nothing happens.
func (s *sweep) requests(moves bool) int {
	s.t.Helper()
	a := s.attempt(moves)
	s.tap.begin(nil)
	if out, err := a.command().CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return s.tap.count()
}

// sample is which of n requests are swept, other ones each time; PINFS_SWEEP=all sweeps them all.
func sample(n int) (swept []int) {
	stride := max(1, n/sampled)
	if os.Getenv("PINFS_SWEEP") == "all" {
		stride = 1
	}
	for i := 1 + rand.IntN(stride); i <= n; i += stride {
		swept = append(swept, i)
	}
	return swept
}
