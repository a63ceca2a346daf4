// Package work is what is done on a mounted tree while the clock runs.
package work

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

// Kind is a sort of work.
type Kind string

const (
	Read    Kind = "read"    // all files of at least AtLeast bytes to their end, in the list's order, Workers at a time
	Random  Kind = "random"  // Count times 4 KiB, of large files
	Find    Kind = "find"    // find -ls
	Stat    Kind = "stat"    // lstat of each path, in no order, Workers at a time
	Compile Kind = "compile" // Count compilations: search headers in several directories, read them
	First   Kind = "first"   // the first 4 KiB of one file
	Start   Kind = "start"   // list a directory and read 20 files one after the other
	Digest  Kind = "digest"  // SHA-256 over all names, modes, targets and bytes
)

// Job is one piece of work. It comes out the same each time.
type Job struct {
	Kind    Kind   `json:"kind"`
	Dir     string `json:"dir"`     // the mounted tree
	List    string `json:"list"`    // file with what it has, of tree.Save
	Workers int    `json:"workers"` // default 1
	Count   int    `json:"count"`
	AtLeast int64  `json:"atLeast"`
}

// Done is what a job did.
type Done struct {
	Seconds    float64 `json:"seconds"`
	CPU        float64 `json:"cpu"` // seconds of it, of the process that does it and of what it starts
	Operations int64   `json:"operations"`
	Bytes      int64   `json:"bytes"`
	Sum        string  `json:"sum"` // of what was seen; the same for the same tree
}

// Do does it, on what was listed.
func (j Job) Do(list []tree.Entry) (Done, error) {
	do, known := map[Kind]func(*job) error{
		Read: (*job).readAll, Random: (*job).random, Find: (*job).find, Stat: (*job).stat,
		Compile: (*job).compile, First: (*job).first, Start: (*job).start, Digest: (*job).digest,
	}[j.Kind]
	if !known {
		return Done{}, fmt.Errorf("no work is called %q", j.Kind)
	}
	j.Workers = max(1, j.Workers)
	d := &job{Job: j, list: list, sum: newSum()}
	before, start := cpu(), time.Now()
	if err := do(d); err != nil {
		return Done{}, fmt.Errorf("%s: %w", j.Kind, err)
	}
	seconds, used := time.Since(start).Seconds(), cpu()-before
	return Done{seconds, used.Seconds(), d.sum.operations.Load(), d.sum.bytes.Load(), d.sum.text()}, nil
}

// job is a job at work.
type job struct {
	Job
	list []tree.Entry
	sum  *sum
}

func (j *job) path(name string) string { return j.Dir + "/" + name }

// cpu is what this process and its children that have ended have used.
func cpu() (all time.Duration) {
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			panic(err) // only for who
		}
		all += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return all
}
