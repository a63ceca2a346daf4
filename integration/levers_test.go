package integration

import (
	"path/filepath"
	"testing"
	"time"
)

// levers are what `pinfs mount --without` takes.
var levers = []string{
	"no-opens", "forever", "symlinks", "readdirplus", "background", "large-reads", "no-xattrs", "read-ahead", "decode-ahead", "ro",
}

// leg is some work, and the requests that it takes, with all levers and without one of them.
type leg struct {
	with, without             time.Duration
	requests, requestsWithout uint64
}

// BenchmarkLevers mounts an xz image of Go's sources with everything that makes a mount fast, and without
// one of those at a time, in turns. The metrics are how many times as long the work then takes, and how
// many times as many requests: walking and reading with all caches dropped, and once more after it.
func BenchmarkLevers(b *testing.B) {
	u := newUser(b)
	image := filepath.Join(b.TempDir(), "image")
	run(b, "mksquashfs", filepath.Join(run(b, "go", "env", "GOROOT"), "src"), image, "-comp", "xz", "-no-xattrs", "-quiet", "-no-progress")
	ref := u.ok("publish", image, "file://"+b.TempDir()+"//bench")
	for _, lever := range levers {
		b.Run(lever, func(b *testing.B) {
			u.t = b
			work := []string{"cold-find", "find-again", "cold-read", "read-again"}
			legs := make([]leg, len(work))
			for b.Loop() {
				for i, l := range fourLegs(b, u, u.mount(ref)) {
					legs[i].with += l.with
					legs[i].requests += l.requests
				}
				for i, l := range fourLegs(b, u, u.mount(ref, "--without", lever)) {
					legs[i].without += l.with
					legs[i].requestsWithout += l.requests
				}
			}
			for i, l := range legs {
				b.ReportMetric(l.without.Seconds()/l.with.Seconds(), "x-"+work[i])
				b.ReportMetric(float64(l.requestsWithout)/float64(b.N), "requests-"+work[i])
				b.ReportMetric(float64(l.requests)/float64(b.N), "of-"+work[i])
			}
			b.ReportMetric(0, "ns/op") // of everything together, which says nothing
		})
	}
}

// fourLegs walks and reads dir twice, and tells how long and how many requests each took.
func fourLegs(b *testing.B, u *user, dir string) (legs [4]leg) {
	b.Helper()
	for i, work := range []func(*testing.B, string){find, find, readAll, readAll} {
		if i%2 == 0 {
			dropCaches(b)
		}
		before, began := u.status(dir).Requests, time.Now()
		work(b, dir)
		legs[i] = leg{with: time.Since(began), requests: u.status(dir).Requests - before}
	}
	u.ok("umount", dir)
	return legs
}
