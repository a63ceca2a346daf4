package integration

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pinfs/pinfs/squash/squashtest"
)

// A mount that is walked and read as a whole, round after round, while others do the same.
const (
	memoryFiles   = 6000
	memoryRounds  = 3
	memoryReaders = 4
	memoryLimit   = 150 << 20 // resident, with the default --memory 128MiB
)

// TestMemory holds a mount's processes to what they may take. PINFS_MEMORY_FILES and
// PINFS_MEMORY_ROUNDS make it longer.
func TestMemory(t *testing.T) {
	u := newUser(t)
	image := squashtest.Make(t, manyFiles(t, setting(t, "PINFS_MEMORY_FILES", memoryFiles)), "-comp", "xz")
	dir := u.mount(u.ok("publish", image, "file://"+t.TempDir()+"//many"))
	worker, holder := u.status(dir).WorkerPID, u.status(dir).HolderPID
	var rounds []int64
	var kept []held
	for range setting(t, "PINFS_MEMORY_ROUNDS", memoryRounds) {
		dropCaches(t)
		readEverything(t, dir)
		rounds = append(rounds, resident(t, worker, "VmRSS"))
		kept = append(kept, u.held(dir))
	}
	if first, last := kept[0], kept[len(kept)-1]; last.files > first.files || last.goroutines > first.goroutines+memoryReaders {
		t.Errorf("the worker keeps more and more: %+v after rounds", kept)
	}
	t.Logf("worker after each round: %d MiB, at most %d, %+v; holder %d MiB", inMiB(rounds...), inMiB(resident(t, worker, "VmHWM")), kept, inMiB(resident(t, holder, "VmRSS")))
	if peak := resident(t, worker, "VmHWM"); peak > memoryLimit {
		t.Errorf("the worker took %d MiB, want at most %d", peak>>20, memoryLimit>>20)
	}
	if early, last := slices.Max(rounds[:len(rounds)-1]), rounds[len(rounds)-1]; last > early+early/10 {
		t.Errorf("the worker grows: %d MiB after rounds", inMiB(rounds...))
	}
}

// held is what a worker keeps while nobody reads.
type held struct{ files, goroutines int }

// held waits a little for what is still read ahead.
func (u *user) held(dir string) held {
	u.t.Helper()
	d := u.status(dir)
	for range 50 {
		time.Sleep(20 * time.Millisecond)
		now := u.status(dir)
		if now.Goroutines >= d.Goroutines && now.VerifiedBytes == d.VerifiedBytes {
			break
		}
		d = now
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.WorkerPID))
	if err != nil {
		u.t.Fatal(err)
	}
	return held{len(files), d.Goroutines}
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	if os.Getenv(name) == "" {
		return otherwise
	}
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil || n < 1 {
		t.Fatalf("%s=%q, want a number", name, os.Getenv(name))
	}
	return n
}

func inMiB(list ...int64) (m []int64) {
	for _, n := range list {
		m = append(m, n>>20)
	}
	return m
}

// resident returns a field of /proc/PID/status in bytes.
func resident(t *testing.T, pid int, field string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + field + `:\s+(\d+) kB$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in %s", field, text)
	}
	n, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// manyFiles makes a tree of n files, seven in a directory, of 2 KiB in the middle, and some large ones.
func manyFiles(t *testing.T, n int) string {
	t.Helper()
	tree, r := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	text := bytes.Repeat([]byte("#include <stddef.h> /* and what else there is */\n"), 2000)
	for i := range n {
		dir := filepath.Join(tree, fmt.Sprintf("%02d/%04d", i/7%97, i/7))
		if i%7 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		content := append([]byte(strconv.Itoa(i)), text[:r.IntN(4<<10)]...)
		if i%1000 == 999 {
			content = make([]byte, 8<<20)
			rand.NewChaCha8([32]byte{byte(i / 1000)}).Read(content[:4<<20])
		}
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

// readEverything has several readers walk dir and read all files.
func readEverything(t *testing.T, dir string) {
	t.Helper()
	var readers sync.WaitGroup
	for range memoryReaders {
		readers.Go(func() {
			err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
				if err != nil || !e.Type().IsRegular() {
					return err
				}
				f, err := os.Open(path)
				if err != nil {
					return err
				}
				defer f.Close()
				_, err = io.Copy(io.Discard, f)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
}
