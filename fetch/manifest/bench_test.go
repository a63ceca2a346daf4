package manifest

import (
	"context"
	"crypto/sha256"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// zeroCost is a reader of n bytes whose content does not matter, for measuring what reads it.
type zeroCost struct{ n int64 }

func (z *zeroCost) Read(p []byte) (int, error) {
	n := int(min(int64(len(p)), z.n))
	z.n -= int64(n)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// cpuTime is the processor time that the process has used, so that a busy machine does not count.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rate runs f and returns bytes per second, of processor time and of wall time.
func rate(b *testing.B, n int64, f func()) (cpu, wall float64) {
	b.Helper()
	c, w := cpuTime(b), time.Now()
	f()
	return float64(n) / (cpuTime(b) - c).Seconds(), float64(n) / time.Since(w).Seconds()
}

// BenchmarkBuild compares Build with crypto/sha256 over the same bytes in the same run:
// "x-sha256" is the ratio per second of processor time, "x-sha256-wall" that of one core's sha256.
// The reader costs nothing: what filling the buffers costs is the reader's business.
func BenchmarkBuild(b *testing.B) {
	const size = 512 << 20
	leaf := noise(LeafSize)
	var shaCPU, shaWall, cpu, wall float64
	for b.Loop() {
		c, w := rate(b, size, func() {
			for range size / LeafSize {
				sha256.Sum256(leaf)
			}
		})
		shaCPU, shaWall = shaCPU+c, shaWall+w
		c, w = rate(b, size, func() {
			if _, err := Build(context.Background(), &zeroCost{size}, BuildConfig{}); err != nil {
				b.Fatal(err)
			}
		})
		cpu, wall = cpu+c, wall+w
	}
	b.ReportMetric(cpu/shaCPU, "x-sha256")
	b.ReportMetric(wall/shaWall, "x-sha256-wall")
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
	b.ReportMetric(shaCPU/float64(b.N)/1e6, "sha256-MB/s")
}
